"""Models, and which of them is in production: one in each slot, which the API calls a deployment."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from shared.contracts.training.tasks import TASK_NAMES
from shared.errors import InvalidInput, NotFound
from shared.storage.database.statements import lock_table
from shared.storage.tables.core import Model, Promotion, PromotionKind

_alive = col(Model.deleted_at).is_(None)


def add(session: Session, model: Model) -> Model:
    """Store the row of a model whose bundle is stored already."""
    session.add(model)
    session.flush()
    return model


def get(session: Session, model_id: str) -> Model:
    """The model.

    Raises:
        NotFound: There is no such model, or it has been deleted.
    """
    model = find(session, model_id)
    if model is None:
        raise NotFound(f"No model {model_id!r}.", param="model", code="model_not_found")
    return model


def find(session: Session, model_id: str) -> Model | None:
    """The model, unless there is none or it has been deleted."""
    model = session.get(Model, model_id)
    return None if model is None or model.deleted_at is not None else model


def all(session: Session) -> list[Model]:  # noqa: A001  # read as models.all
    """Every model that is not deleted, newest first."""
    return list(session.exec(select(Model).where(_alive).order_by(col(Model.created_at).desc(), col(Model.id).desc())))


def delete(session: Session, model_id: str, now: float) -> None:
    """Take a model out of every list; the caller deletes its bundle after the commit.

    Raises:
        NotFound: There is no such model.
        InvalidInput: It is in production.
    """
    lock_table(session, Promotion)
    get(session, model_id)
    standing = session.exec(
        select(Model).where(_alive, col(Model.few_shot).is_not(None), col(Model.base_model) == model_id)
    )
    if (first := standing.first()) is not None:
        raise InvalidInput(f"{first.id} stands on the embeddings of {model_id}; delete it first.", param="model")
    if serving := [slot for slot, model in deployments(session).items() if model == model_id]:
        raise InvalidInput(
            f"{model_id} is in production ({', '.join(serving)}); promote another model first.", param="model"
        )
    session.exec(update(Model).where(col(Model.id) == model_id).values(deleted_at=now))


def production(session: Session, slot: str) -> str | None:
    """The id of the model that ``slot`` serves."""
    newest = select(Promotion.model_id).where(col(Promotion.slot) == slot).order_by(col(Promotion.id).desc())
    return session.exec(newest.limit(1)).one_or_none()


def deployments(session: Session) -> dict[str, str]:
    """The id of the model that each slot serves, by slot."""
    newest = select(func.max(col(Promotion.id))).group_by(col(Promotion.slot))
    rows = session.exec(select(Promotion).where(col(Promotion.id).in_(newest)).order_by(col(Promotion.slot)))
    return {row.slot: row.model_id for row in rows}


def promoted_at(session: Session) -> dict[str, float]:
    """Since when each slot serves its model, by slot."""
    newest = select(func.max(col(Promotion.id))).group_by(col(Promotion.slot))
    rows = session.exec(select(Promotion.slot, Promotion.created_at).where(col(Promotion.id).in_(newest)))
    return dict(rows.all())


def require_fit(session: Session, slot: str, task: str) -> None:
    """Refuse a model of a task in a slot of another: whoever asks the slot would get answers of another shape.

    A slot named like a task is that task's; any other is its first model's.

    Raises:
        InvalidInput: It is.
    """
    serving = production(session, slot)
    current = session.get(Model, serving) if serving else None
    theirs = slot if slot in TASK_NAMES else current.task if current else task
    if theirs != task:
        raise InvalidInput(
            f"Deployment {slot!r} serves models of {theirs!r}, and not of {task!r}; name another.", param="deployment"
        )


def history(session: Session, slot: str) -> list[Promotion]:
    """Every promotion and rollback of ``slot``, newest first."""
    return list(session.exec(select(Promotion).where(col(Promotion.slot) == slot).order_by(col(Promotion.id).desc())))


def promote(session: Session, slot: str, model_id: str, actor: str, now: float) -> Promotion:
    """Put a model into production; if it is there already, the row that put it there comes back.

    Raises:
        NotFound: There is no such model.
        InvalidInput: The slot serves models of another task.
    """
    lock_table(session, Promotion)
    model = get(session, model_id)
    require_fit(session, slot, model.task)
    past = history(session, slot)
    if past and past[0].model_id == model_id:
        return past[0]
    return _record(session, slot, model_id, past, "promote", actor, now)


def rollback(session: Session, slot: str, actor: str, now: float) -> Promotion:
    """Put the model back that served before the one in production; repeated, it goes back further.

    Raises:
        InvalidInput: There is none to go back to.
    """
    lock_table(session, Promotion)
    past = history(session, slot)
    for model_id in reversed(_stack(past)[:-1]):
        model = session.get(Model, model_id)
        if model is not None and model.deleted_at is None:
            return _record(session, slot, model_id, past, "rollback", actor, now)
    raise InvalidInput(f"No earlier model of {slot!r} is left to go back to; promote one.", param="model")


def _stack(newest_first: Sequence[Promotion]) -> list[str]:
    """The models that a rollback can return to, the one in production last.

    A promotion puts its model on top, a rollback takes off all that lies above its model. So going back twice never
    returns to the model that was just taken out.
    """
    stack: list[str] = []
    for promotion in reversed(newest_first):
        if promotion.kind == "promote":
            stack.append(promotion.model_id)
        else:
            while stack[-1] != promotion.model_id:
                stack.pop()
    return stack


def _record(
    session: Session,
    slot: str,
    model_id: str,
    past: Sequence[Promotion],
    kind: PromotionKind,
    actor: str,
    now: float,
) -> Promotion:
    row = Promotion(
        slot=slot,
        model_id=model_id,
        previous_model_id=past[0].model_id if past else None,
        kind=kind,
        created_at=now,
        actor=actor,
    )
    session.add(row)
    session.flush()
    return row
