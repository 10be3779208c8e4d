"""``/v1/loop``."""

from __future__ import annotations

from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import EmptyRequest, Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.loop.preparing import SLOT
from services.gateway.loop.schemas import LoopRule, LoopStatus, RoundObject, StartRound
from services.gateway.models.promoting import promoted
from services.gateway.state import AppState, State
from shared.errors import Conflict, InvalidInput
from shared.storage.database.engine import Session
from shared.storage.tables.people import LoopRound
from shared.storage.tables.people import LoopRule as StoredRule
from shared.storage.training import loops, models

router = resource("The loop")

_SHOWN = 10


@router.get("/loop")
def status(state: State, _caller: TrainCaller) -> LoopStatus:
    """Where the loop stands: its rule, what people corrected since, what has to happen next, the last rounds."""
    with state.database.reading() as session:
        row, last = loops.rule(session, SLOT), loops.latest(session, SLOT)
        rule = LoopRule.model_validate(row.rule) if row is not None else None
        since = last.labelled_until if last is not None else 0.0
        new = loops.new_corrections(session, since, (rule or LoopRule()).sources)
        rounds = [_object(session, one) for one in loops.page(session, after=None, limit=_SHOWN).items]
    return LoopStatus(rule=rule, new_corrections=new, next=_next(rule, new, last), rounds=rounds)


@router.put("/loop/rule")
def put_rule(body: LoopRule, state: State, caller: TrainCaller) -> LoopRule:
    """Say when the model in production is trained again on what people corrected, and whether a person is asked first."""
    with state.database.transaction() as session:
        row = StoredRule(slot=SLOT, updated_at=state.clock(), rule=body.model_dump(), key_id=caller.key_id)
        loops.put_rule(session, row)
    return body


@router.post("/loop/rounds")
def start(state: State, caller: TrainCaller, body: StartRound | None = None) -> RoundObject:
    """Begin a round now: asked by a person, or by whatever notices that what customers say has changed (`reason: drift`)."""
    reason = (body or StartRound()).reason
    with state.database.reading() as session:
        row, last = loops.rule(session, SLOT), loops.latest(session, SLOT)
    rule = LoopRule.model_validate(row.rule) if row is not None else LoopRule()
    if last is not None and last.state in loops.OPEN:
        raise Conflict(f"The round {last.id} is not over; its state is {last.state!r}.", param="reason")
    if reason == "drift" and not (rule.enabled and rule.on_drift):
        raise InvalidInput("The rule begins no round for drift; set on_drift.", param="reason", code="not_wanted")
    began = state.loop.begin(rule, caller.key_id, f"{reason}")
    if began is None:
        raise Conflict("Another request began this round at the same moment.", param="reason")
    with state.database.reading() as session:
        return _object(session, loops.get(session, began))


@router.get("/loop/rounds")
def list_rounds(state: State, _caller: TrainCaller, after: After = None, limit: Limit = 20) -> Listing[RoundObject]:
    """Every round, newest first."""
    with state.database.reading() as session:
        page = loops.page(session, after=after, limit=limit)
        found = [_object(session, one) for one in page.items]
    return Listing[RoundObject].of(found, has_more=page.has_more)


@router.get("/loop/rounds/{round_id}")
def retrieve(round_id: str, state: State, _caller: TrainCaller) -> RoundObject:
    """One round."""
    with state.database.reading() as session:
        return _object(session, loops.get(session, round_id))


@router.post("/loop/rounds/{round_id}/promote")
def promote(round_id: str, state: State, caller: TrainCaller, _body: EmptyRequest | None = None) -> RoundObject:
    """Yes: the model of a round that asks goes into production."""
    with state.database.reading() as session:
        one = _asking(session, round_id)
    promoted(state, one.model_id or "", caller.key_id, deployment=one.slot)
    return _answered(state, one, "promoted", "A person let it pass.")


@router.post("/loop/rounds/{round_id}/dismiss")
def dismiss(round_id: str, state: State, _caller: TrainCaller, _body: EmptyRequest | None = None) -> RoundObject:
    """No: the model of a round that asks stays out."""
    with state.database.reading() as session:
        one = _asking(session, round_id)
    return _answered(state, one, "dismissed", "A person kept it out.")


def _asking(session: Session, round_id: str) -> LoopRound:
    one = loops.get(session, round_id)
    if one.state != "asking":
        raise Conflict(f"The round {round_id} asks nothing; its state is {one.state!r}.", param="round_id")
    return one


def _answered(state: AppState, one: LoopRound, now: str, outcome: str) -> RoundObject:
    with state.database.transaction() as session:
        loops.move(session, one.id, "asking", state=now, outcome=outcome, finished_at=state.clock())
        return _object(session, loops.get(session, one.id))


def _next(rule: LoopRule | None, new: int, last: LoopRound | None) -> str:
    if last is not None and last.state == "asking":
        return f"A person has to say whether the model of {last.id} goes into production."
    if last is not None and last.state in loops.OPEN:
        return f"{last.id} is {last.state}."
    if rule is None or not rule.enabled:
        return "No rule begins a round; PUT /v1/loop/rule, or begin one by hand."
    ways = []
    if rule.new_labels is not None:
        ways.append(f"{max(rule.new_labels - new, 0)} more corrected turns")
    if rule.every_hours is not None:
        ways.append(f"{rule.every_hours:g} hours after the last round, with one corrected turn")
    return f"The next round begins with {', or '.join(ways)}." if ways else "The rule begins a round only for drift."


def _object(session: Session, one: LoopRound) -> RoundObject:
    model = models.find(session, one.model_id) if one.model_id else None
    scores = (model.metrics.get("test") or {}).get("scores") if model is not None else None
    return RoundObject.model_validate(
        {
            "id": one.id,
            "created_at": int(one.created_at),
            "finished_at": int(one.finished_at) if one.finished_at is not None else None,
            "state": one.state,
            "reason": one.reason,
            "outcome": one.outcome,
            "corrections": one.corrections,
            "disagreements": one.disagreements,
            "base_file": one.base_file,
            "corrections_file": one.corrections_file or None,
            "training_file": one.training_file or None,
            "job": one.job_id,
            "model": one.model_id,
            "before": one.before_model,
            "scores": scores,
        }
    )
