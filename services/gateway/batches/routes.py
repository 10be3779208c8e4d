"""``/v1/batches``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Header, Request
from starlette.routing import BaseRoute, Match

from services.gateway.batches.objects import batch_object
from services.gateway.batches.schemas import BatchObject, CreateBatch
from services.gateway.files.uploads import BATCH
from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import EmptyRequest, Listing
from services.gateway.http.router import After, IdempotencyKey, Limit, resource
from services.gateway.state import AppState, State
from shared.errors import AlreadyExists, InvalidInput, TooManyRequests
from shared.storage import batches
from shared.storage.database.identity import new_id
from shared.storage.tables.batches import Batch
from shared.storage.training import files

router = resource("Batches")

#: What a batch may be for, where this release has it.
ENDPOINTS = (
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/analyze",
    "/v1/moderations",
    "/v1/responses",
    "/v1/decisions",
)
#: Batches that may wait or be worked at.
MAX_UNFINISHED = 1000
#: Seconds within which a request that says it is a retry is taken for the batch it repeats, and how many are looked through.
RETRY_SECONDS, RETRY_LOOK_BACK = 60.0, 20
_HOUR = 3600.0

RetryCount = Annotated[int, Header(alias="x-stainless-retry-count", ge=0, include_in_schema=False)]


@router.post("/batches")
def create(
    request: Request,
    body: CreateBatch,
    state: State,
    caller: TrainCaller,
    idempotency_key: IdempotencyKey = None,
    retry_count: RetryCount = 0,
) -> BatchObject:
    """Have the requests of a file made, beside live traffic and after it.

    The file is judged when its turn comes: what is wrong with it stands in `errors` then, and nothing is made of it.
    """
    offered = [path for path in ENDPOINTS if _is_served(request.app.routes, path)]
    if body.endpoint not in offered:
        raise InvalidInput(f"'endpoint' must be one of {', '.join(offered)}.", param="endpoint")
    repeated = _repeated(state, body, caller.key_id, idempotency_key, is_retry=retry_count > 0)
    if repeated is not None:
        return batch_object(repeated)
    try:
        return batch_object(_stored(state, body, caller.key_id, idempotency_key))
    except AlreadyExists:  # the same key at the same time; the other request won
        repeated = _repeated(state, body, caller.key_id, idempotency_key, is_retry=False)
        if repeated is None:
            raise
        return batch_object(repeated)


@router.get("/batches")
def list_batches(state: State, _caller: TrainCaller, after: After = None, limit: Limit = 20) -> Listing[BatchObject]:
    """Batches, newest first."""
    with state.database.reading() as session:
        page = batches.page(session, after=after, limit=limit)
    return Listing[BatchObject].of([batch_object(one) for one in page.items], has_more=page.has_more)


@router.get("/batches/{batch_id}")
def retrieve(batch_id: str, state: State, _caller: TrainCaller) -> BatchObject:
    """One batch."""
    with state.database.reading() as session:
        return batch_object(batches.get(session, batch_id))


@router.post("/batches/{batch_id}/cancel")
def cancel(batch_id: str, state: State, _caller: TrainCaller, _body: EmptyRequest | None = None) -> BatchObject:
    """Stop a batch within seconds; what was answered until then stands in its files. Repeating it is harmless."""
    with state.database.transaction() as session:
        batch = batches.request_cancel(session, batch_id, state.clock())
    if batch.status in ("completed", "failed", "expired"):
        raise InvalidInput(f"The batch has {batch.status}; only an unfinished one can be cancelled.", code="batch_over")
    return batch_object(batch)


def _is_served(routes: Sequence[BaseRoute], path: str) -> bool:
    scope = {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in routes)


def _stored(state: AppState, body: CreateBatch, key_id: str, idempotency_key: str | None) -> Batch:
    now = state.clock()
    with state.database.transaction() as session:
        file = files.get(session, body.input_file_id)
        if file.purpose != BATCH:
            raise InvalidInput(
                f"{file.id} was uploaded for {file.purpose!r}; upload it with the purpose 'batch'.",
                param="input_file_id",
            )
        if batches.unfinished(session) >= MAX_UNFINISHED:
            raise TooManyRequests(f"{MAX_UNFINISHED} batches are under way already; try again later.", retry_after=60.0)
        batch = Batch(
            id=new_id("batch_"),
            key_id=key_id,
            idempotency_key=idempotency_key,
            endpoint=body.endpoint,
            input_file_id=file.id,
            completion_window=body.completion_window,
            user_metadata=body.metadata or {},
            output_lifetime=body.output_expires_after.seconds if body.output_expires_after else None,
            created_at=now,
            expires_at=now + int(body.completion_window.removesuffix("h")) * _HOUR,
            worked_at=now,
        )
        return batches.add(session, batch)


def _repeated(
    state: AppState, body: CreateBatch, key_id: str, idempotency_key: str | None, *, is_retry: bool
) -> Batch | None:
    with state.database.reading() as session:
        if idempotency_key is not None:
            found = batches.by_idempotency_key(session, key_id, idempotency_key)
            if found is not None and not _is_equal(found, body):
                raise InvalidInput(
                    "This Idempotency-Key was used for another batch; use a new one for each batch.",
                    param="Idempotency-Key",
                    code="idempotency_key_reused",
                )
            return found
        recent = batches.page(session, limit=RETRY_LOOK_BACK).items if is_retry else []
    since = state.clock() - RETRY_SECONDS
    equal = (one for one in recent if one.created_at >= since and one.key_id == key_id)
    return next((one for one in equal if _is_equal(one, body)), None)


def _is_equal(batch: Batch, body: CreateBatch) -> bool:
    asked: Mapping[str, object] = {
        "endpoint": body.endpoint,
        "input_file_id": body.input_file_id,
        "completion_window": body.completion_window,
        "user_metadata": body.metadata or {},
    }
    return all(getattr(batch, name) == value for name, value in asked.items())
