"""``/v1/streams/{stream}/reanalyses``: a span read again with another model, both results kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from services.gateway.streams.declaration import check_models
from services.gateway.streams.reanalysis_schemas import (
    ReanalysisObject,
    ReanalysisRequest,
    ReanalysisStep,
    ReanalysisTrends,
    RereadDocument,
    RereadEntity,
)
from services.gateway.streams.span import Step
from shared.contracts.monitoring.streams import StreamName
from shared.errors import InvalidInput, TooManyRequests
from shared.storage.database.identity import new_id
from shared.storage.monitoring import reanalyses, streams
from shared.storage.monitoring.reanalyses import Compared
from shared.storage.tables.platform import Reanalysis, Rereading

router = resource("Streams")

InPath = Annotated[StreamName, Path(description="Letters, digits, `_`, `.` and `-`.")]
ReanalysisId = Annotated[str, Path(max_length=64)]
#: Of a stream that may be under way at once.
_MAX_OPEN = 5
_THOUSAND = 1000


@router.post("/streams/{stream}/reanalyses")
def create(stream: InPath, body: ReanalysisRequest, state: State, caller: TrainCaller) -> ReanalysisObject:
    """Have the documents of a span read again. Trends and alerts stay on what was read first; the new reading stands beside it."""
    now = state.clock()
    until = now if body.until is None else body.until
    if body.since >= until:
        raise InvalidInput("'since' must be before 'until'.", param="since")
    with state.database.transaction() as session:
        streams.get(session, stream)
        chosen = check_models(session, {"model": body.model, "entity_model": body.entity_model})
        if reanalyses.open_ones(session, stream) >= _MAX_OPEN:
            raise TooManyRequests(f"{_MAX_OPEN} re-analyses of {stream!r} are under way; wait for one, or cancel it.")
        row = Reanalysis(
            id=new_id("reanalysis_"),
            stream=stream,
            created_at=now,
            model=chosen["model"],
            entity_model=chosen.get("entity_model"),
            since=body.since,
            until=until,
            status="queued",
            key_id=caller.key_id,
        )
        return _object(reanalyses.add(session, row))


@router.get("/streams/{stream}/reanalyses")
def list_reanalyses(
    stream: InPath, state: State, _caller: TrainCaller, after: After = None, limit: Limit = 20
) -> Listing[ReanalysisObject]:
    """Those of a stream, newest first."""
    with state.database.reading() as session:
        page = reanalyses.page(session, streams.get(session, stream).id, after=after, limit=limit)
    return Listing[ReanalysisObject].of(list(map(_object, page.items)), has_more=page.has_more)


@router.get("/streams/{stream}/reanalyses/{reanalysis_id}")
def retrieve(stream: InPath, reanalysis_id: ReanalysisId, state: State, _caller: TrainCaller) -> ReanalysisObject:
    """One, and how far it is."""
    with state.database.reading() as session:
        return _object(reanalyses.get(session, stream, reanalysis_id))


@router.post("/streams/{stream}/reanalyses/{reanalysis_id}/cancel")
def cancel(stream: InPath, reanalysis_id: ReanalysisId, state: State, _caller: TrainCaller) -> ReanalysisObject:
    """Leave off; what was read stays. One that has ended stays as it is."""
    with state.database.transaction() as session:
        reanalyses.get(session, stream, reanalysis_id)
        reanalyses.finish(session, reanalysis_id, "cancelled", state.clock())
        return _object(reanalyses.get(session, stream, reanalysis_id))


@router.delete("/streams/{stream}/reanalyses/{reanalysis_id}")
def delete(stream: InPath, reanalysis_id: ReanalysisId, state: State, _caller: TrainCaller) -> Deleted:
    """Forget one with what it read; what was read first stays."""
    with state.database.transaction() as session:
        reanalyses.remove(session, stream, reanalysis_id)
    return Deleted(id=reanalysis_id, object="stream.reanalysis")


@router.get("/streams/{stream}/reanalyses/{reanalysis_id}/trends")
def read_trends(
    stream: InPath, reanalysis_id: ReanalysisId, state: State, _caller: TrainCaller, step: Step = 3600
) -> ReanalysisTrends:
    """Both readings over time, step by step; steps without a document are left out."""
    with state.database.reading() as session:
        found = reanalyses.get(session, stream, reanalysis_id)
        if (found.until - found.since) / step > 10_000:
            raise InvalidInput("That would be more than 10000 steps; take a larger 'step'.", param="step")
        steps = [_step(one) for one in reanalyses.compared(session, found.id, step)]
    return ReanalysisTrends(reanalysis=reanalysis_id, step=step, data=steps)


@router.get("/streams/{stream}/reanalyses/{reanalysis_id}/documents")
def list_documents(
    stream: InPath,
    reanalysis_id: ReanalysisId,
    state: State,
    _caller: TrainCaller,
    changed: Annotated[bool, Query(description="Only those whose sentiment is another now.")] = False,
    after: After = None,
    limit: Limit = 20,
) -> Listing[RereadDocument]:
    """Document by document, oldest first: what was read first, and what now."""
    with state.database.reading() as session:
        found = reanalyses.get(session, stream, reanalysis_id)
        rows = reanalyses.readings(session, found.id, changed_only=changed, after=after, limit=limit + 1)
    return Listing[RereadDocument].of([_document(one) for one in rows[:limit]], has_more=len(rows) > limit)


def _object(row: Reanalysis) -> ReanalysisObject:
    return ReanalysisObject.model_validate(
        {
            "id": row.id,
            "stream": row.stream,
            "created_at": int(row.created_at),
            "model": row.model,
            "entity_model": row.entity_model,
            "since": row.since,
            "until": row.until,
            "status": row.status,
            "documents": row.documents,
            "finished_at": None if row.finished_at is None else int(row.finished_at),
            "problem": row.problem,
        }
    )


def _step(one: Compared) -> ReanalysisStep:
    return ReanalysisStep(
        start=one.start,
        documents=one.documents,
        earlier_negative=one.earlier_negative,
        negative=one.negative,
        earlier_positive=one.earlier_positive,
        positive=one.positive,
        earlier_mean=round((one.earlier_positive - one.earlier_negative) / one.documents, 4),
        mean=round((one.positive - one.negative) / one.documents, 4),
        score=round(one.score / _THOUSAND / one.documents, 4),
        changed=one.changed,
    )


def _document(row: Rereading) -> RereadDocument:
    return RereadDocument.model_validate(
        {
            "id": row.document_id,
            "published_at": row.published_at,
            "earlier": row.earlier,
            "sentiment": row.sentiment,
            "score": row.score / _THOUSAND,
            "confidence": row.confidence / _THOUSAND,
            "entities": [
                RereadEntity(entity=name, sentiment=label, score=score / _THOUSAND)
                for name, label, score in row.entities
            ],
        }
    )
