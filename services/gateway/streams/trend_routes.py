"""``/v1/streams/{stream}/…``: what a stream says over time, and the documents behind it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Response

from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from services.gateway.streams.charts import PictureFormat, as_csv, as_picture
from services.gateway.streams.movers import by_name, movers
from services.gateway.streams.objects import document_object, point_object
from services.gateway.streams.schemas import DocumentObject, Pair, StreamMovers, StreamPairs, StreamTrends
from services.gateway.streams.span import Step, UnixSeconds, span_of
from shared.contracts.chat.understanding import SentimentLabel
from shared.contracts.monitoring.streams import StreamName, StreamSpec
from shared.storage.database.engine import Session
from shared.storage.monitoring import documents, streams, trends
from shared.storage.monitoring.documents import Behind
from shared.storage.monitoring.trends import Dimension

router = resource("Streams")

InPath = Annotated[StreamName, Path(description="Letters, digits, `_`, `.` and `-`.")]
Scope = Annotated[str | None, Query(max_length=256)]
Group = Annotated[list[Dimension] | None, Query(description="What is kept apart; may be given several times.")]
#: Scopes of one answer.
_MAX_SCOPES = 100


def _undeclared_is_empty(session: Session, stream: str) -> StreamSpec:
    """What is declared; a stream that needs no declaration (chats, analyses) has counts.

    Raises:
        NotFound: Nothing is known of it.
    """
    if trends.watermark(session, stream) is None:
        streams.get(session, stream)
    return streams.spec_of(session, stream)


def _trends(
    stream: InPath,
    state: State,
    _caller: TrainCaller,
    since: UnixSeconds | None = None,
    until: UnixSeconds | None = None,
    step: Step | None = None,
    group: Group = None,
    entity: Scope = None,
    topic: Scope = None,
    language: Scope = None,
    source: Scope = None,
) -> tuple[StreamTrends, str]:
    kept = list(dict.fromkeys(group or ()))
    with state.database.reading() as session:
        spec = _undeclared_is_empty(session, stream)
        span = span_of(session, stream, spec, state.clock(), since=since, until=until, step=step)
        points = trends.series(
            session,
            stream,
            since=span.since,
            until=span.until,
            step=span.step,
            entity=entity if entity is not None or "entity" in kept else "",
            topic=topic,
            language=language,
            source=source,
            group=kept,
        )
    found = StreamTrends(
        stream=stream,
        since=int(span.since),
        until=int(span.until),
        step=span.step,
        group=list(kept),
        data=[point_object(point, kept) for point in points],
    )
    return found, spec.time_zone


#: The trends that a request asks for, and the time zone of the stream.
Asked = Annotated[tuple[StreamTrends, str], Depends(_trends)]


@router.get("/streams/{stream}/trends")
def read_trends(asked: Asked) -> StreamTrends:
    """Counts and mean sentiment per step, by the time at which the texts were published; the last day unless told otherwise."""
    return asked[0]


def _file(media_type: str, schema: dict[str, str]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": schema}}}}


@router.get("/streams/{stream}/trends.csv", response_class=Response, responses=_file("text/csv", {"type": "string"}))
def table(asked: Asked) -> Response:
    """The same for a spreadsheet."""
    found, _ = asked
    return Response(as_csv(found.data, found.group), media_type="text/csv")


_BINARY = {"type": "string", "format": "binary"}


@router.get("/streams/{stream}/trends.svg", response_class=Response, responses=_file("image/svg+xml", _BINARY))
def drawing(asked: Asked) -> Response:
    """The same as a picture, in the time zone of the stream."""
    return _picture(asked, "svg", "image/svg+xml")


@router.get("/streams/{stream}/trends.png", response_class=Response, responses=_file("image/png", _BINARY))
def picture(asked: Asked) -> Response:
    """The same as a picture for mails and chats."""
    return _picture(asked, "png", "image/png")


def _picture(asked: tuple[StreamTrends, str], kind: PictureFormat, media_type: str) -> Response:
    found, zone = asked
    return Response(as_picture(found.data, found.group, found.stream, ZoneInfo(zone), kind), media_type=media_type)


@router.get("/streams/{stream}/movers")
def read_movers(
    stream: InPath,
    state: State,
    _caller: TrainCaller,
    since: UnixSeconds | None = None,
    until: UnixSeconds | None = None,
    group: Literal["entity", "topic", "source", "language"] = "entity",
    limit: Annotated[int, Query(ge=1, le=_MAX_SCOPES)] = 20,
) -> StreamMovers:
    """What moved most against the span before of the same length, with each one's share of voice; the last day unless told otherwise."""
    with state.database.reading() as session:
        spec = _undeclared_is_empty(session, stream)
        span = span_of(session, stream, spec, state.clock(), since=since, until=until, step=366 * 86_400)
        length = span.until - span.since
        kept: tuple[Dimension, ...] = ("entity",) if group == "entity" else ("entity", group)
        now, before = (
            [
                bucket
                for bucket in trends.scopes(session, stream, since=begin, until=begin + length, group=kept)
                if bool(bucket.entity) == (group == "entity")
            ]
            for begin in (span.since, span.since - length)
        )
    found = movers(by_name(now, group), by_name(before, group), limit)
    return StreamMovers(stream=stream, since=int(span.since), until=int(span.until), group=group, data=found)


@router.get("/streams/{stream}/pairs")
def read_pairs(
    stream: InPath,
    state: State,
    _caller: TrainCaller,
    since: UnixSeconds | None = None,
    until: UnixSeconds | None = None,
    entity: Scope = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_SCOPES)] = 20,
) -> StreamPairs:
    """Who is named beside whom; with `entity`, beside that one."""
    with state.database.reading() as session:
        spec = _undeclared_is_empty(session, stream)
        span = span_of(session, stream, spec, state.clock(), since=since, until=until, step=366 * 86_400)
        pairs = documents.named_together(
            session, stream, since=span.since, until=span.until, entity=entity, limit=limit
        )
    data = [Pair(entities=(one, other), documents=count) for one, other, count in pairs]
    return StreamPairs(stream=stream, since=int(span.since), until=int(span.until), data=data)


@router.get("/streams/{stream}/documents")
def list_documents(
    stream: InPath,
    state: State,
    _caller: TrainCaller,
    since: UnixSeconds | None = None,
    until: UnixSeconds | None = None,
    entity: Scope = None,
    topic: Scope = None,
    language: Scope = None,
    source: Scope = None,
    sentiment: SentimentLabel | None = None,
    copies: bool = False,
    after: After = None,
    limit: Limit = 20,
) -> Listing[DocumentObject]:
    """The documents behind a point of a trend, newest first. With `entity`, `sentiment` is the one towards them."""
    with state.database.reading() as session:
        spec = streams.get(session, stream).spec
        span = span_of(session, stream, spec, state.clock(), since=since, until=until, step=366 * 86_400)
        which = Behind(
            span.since,
            span.until,
            entity=entity or "",
            topic=topic,
            language=language,
            source=source,
            sentiment=sentiment,
            voices_only=not copies,
        )
        found = documents.behind(session, stream, which, limit=limit + 1, after=after)
        mentions = documents.mentions_of(session, stream, [one.id for one in found])
    shown = [
        document_object(one, [mention for mention in mentions if mention.document_id == one.id])
        for one in found[:limit]
    ]
    return Listing[DocumentObject].of(shown, has_more=len(found) > limit)


@router.get("/streams/{stream}/documents/{document_id:path}")
def retrieve_document(stream: InPath, document_id: str, state: State, _caller: TrainCaller) -> DocumentObject:
    """One document."""
    with state.database.reading() as session:
        found = documents.get(session, stream, document_id)
        return document_object(found, documents.mentions_of(session, stream, [document_id]))
