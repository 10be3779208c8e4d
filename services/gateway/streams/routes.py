"""``/v1/streams``: declaring streams, and sending documents to them."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import HTTPException, Path, Request
from fastapi.concurrency import run_in_threadpool

from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import AppState, State
from services.gateway.streams.declaration import check, check_rules, problems
from services.gateway.streams.intake import DocumentsIntake
from services.gateway.streams.objects import refused_object, stream_object
from services.gateway.streams.schemas import DocumentsTaken, RefusedObject, StreamObject
from shared.contracts.monitoring.sentiment import CHAT_STREAM
from shared.contracts.monitoring.streams import PLATFORM_STREAM, SourceName, StreamName, StreamSpec
from shared.errors import InvalidInput, NotFound
from shared.storage.chat import refused_items
from shared.storage.database.engine import Session
from shared.storage.monitoring import stream_sources, streams, trends
from shared.storage.tables.streams import Stream

router = resource("Streams")

InPath = Annotated[StreamName, Path(description="Letters, digits, `_`, `.` and `-`.")]

_NDJSON = ("application/x-ndjson", "application/jsonl", "application/jsonlines", "application/ndjson", "text/plain")
_ROWS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A JSON object a line, 10,000 at most: `id`, `text`, `published_at` (RFC 3339 or Unix seconds), and where there are any "
        "`title`, `source`, `url`, `author`, `lang`, `meta`.",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    }
}


@router.put("/streams/{stream}")
def declare(stream: InPath, body: StreamSpec, state: State, caller: TrainCaller) -> StreamObject:
    """Declare a stream, or declare it anew: what a field says holds for documents that are read from now on. `{}` will do."""
    with state.database.transaction() as session:
        check_rules(stream, body)
        check(session, body)
        stream_sources.declare(session, stream, body.sources, state.clock())
        return _stream(session, streams.put(session, stream, body, key_id=caller.key_id, now=state.clock()))


@router.get("/streams")
def list_streams(state: State, _caller: TrainCaller, after: After = None, limit: Limit = 100) -> Listing[StreamObject]:
    """Declared streams, by name."""
    with state.database.reading() as session:
        page = streams.page(session, after=after, limit=limit)
        found = [_stream(session, stream) for stream in page.items]
    return Listing[StreamObject].of(found, has_more=page.has_more)


@router.get("/streams/{stream}")
def retrieve(stream: InPath, state: State, _caller: TrainCaller) -> StreamObject:
    """A stream, how far it is, and what of its declaration cannot be done at present."""
    with state.database.reading() as session:
        return _stream(session, streams.get(session, stream))


@router.delete("/streams/{stream}")
def delete(stream: InPath, state: State, _caller: TrainCaller) -> Deleted:
    """Forget a stream with its documents and counts. What is on its way to it is dropped."""
    with state.database.transaction() as session:
        streams.delete(session, stream)
    return Deleted(id=stream, object="stream")


@router.get("/streams/{stream}/sources/{source}/refused")
def list_refused(
    stream: InPath,
    source: Annotated[SourceName, Path(description="The name of a source of the stream.")],
    state: State,
    _caller: TrainCaller,
    after: After = None,
    limit: Limit = 20,
) -> Listing[RefusedObject]:
    """What a source brought in vain, newest first: the last hundred items that are no documents, and why."""
    with state.database.reading() as session:
        known = {one.name for one in stream_sources.all_of(session, streams.get(session, stream).id)}
        if source not in known:
            raise NotFound(f"The stream {stream!r} has no source {source!r}.", param="source")
        page = refused_items.page(session, stream, source, after=after, limit=limit)
    return Listing[RefusedObject].of([refused_object(one) for one in page.items], has_more=page.has_more)


@router.post("/streams/{stream}/documents", openapi_extra=_ROWS)
async def send(stream: InPath, request: Request, state: State, _caller: TrainCaller) -> DocumentsTaken:
    """Send documents, as NDJSON. Each is taken once, by its `id`; the first wins. What is accepted is durable, and counted soon.

    A call that fails half-way can be repeated whole.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _NDJSON:
        raise HTTPException(415, "Send documents as NDJSON, with 'Content-Type: application/x-ndjson'.")
    spec = await run_in_threadpool(_receiving, state, stream)
    intake = DocumentsIntake(stream, ZoneInfo(spec.time_zone), state.database, state.publisher, state.clock)
    taken = await intake.take(request.stream())
    return DocumentsTaken(
        stream=stream,
        accepted=taken.accepted,
        repeated=taken.repeated,
        refused=taken.refused,
        faults=taken.faults,
        remarks=taken.remarks,
    )


def _receiving(state: AppState, stream: str) -> StreamSpec:
    """A stream that documents can be sent to now.

    Raises:
        NotFound: Nobody has declared it.
        NoModel: It waits for a model in production.
        InvalidInput: It is that of the chats.
    """
    if stream == PLATFORM_STREAM:
        raise InvalidInput(
            f"On {PLATFORM_STREAM!r} the platform watches itself; send documents to another.", param="stream"
        )
    if stream == CHAT_STREAM:
        raise InvalidInput(f"The stream {CHAT_STREAM!r} counts chat turns; send documents to another.", param="stream")
    with state.database.reading() as session:
        found = streams.get(session, stream)
        check(session, found.spec, receiving=True)
        return found.spec


def _stream(session: Session, stream: Stream) -> StreamObject:
    counted = trends.scopes(session, stream.id, since=0, until=_EVER, group=("entity",))
    documents = sum(bucket.reach for bucket in counted if not bucket.entity)
    sources = stream_sources.all_of(session, stream.id)
    newest = trends.watermark(session, stream.id)
    return stream_object(stream, newest, documents, problems(session, stream.spec), sources)


#: A multiple of every level, after every document.
_EVER = 86_400 * 1_000_000
