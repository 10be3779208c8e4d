"""Evals and their runs: ``queued -> in_progress -> completed | failed | canceled``, worked at under a lease (``leases``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import func, update
from sqlmodel import Session, col, select

from shared.contracts.webhooks import WebhookEventType
from shared.errors import NotFound
from shared.storage import webhooks
from shared.storage.database.leases import Leases
from shared.storage.database.paging import Order, Page, read_page
from shared.storage.tables.evals import FINAL_EVAL_RUN_STATUSES, Eval, EvalOutputItem, EvalRun, EvalRunStatus

LEASES: Leases[EvalRun] = Leases(EvalRun, FINAL_EVAL_RUN_STATUSES)

_EVENTS: Mapping[EvalRunStatus, WebhookEventType] = {
    "completed": "eval.run.succeeded",
    "failed": "eval.run.failed",
    "canceled": "eval.run.canceled",
}


def add(session: Session, row: Eval | EvalRun) -> None:
    """Store a new eval, or a new run."""
    session.add(row)
    session.flush()


def get(session: Session, eval_id: str) -> Eval:
    """The eval.

    Raises:
        NotFound: There is none such.
    """
    found = session.get(Eval, eval_id)
    if found is None:
        raise NotFound(f"No eval {eval_id!r}.", param="eval_id")
    return found


def page(session: Session, *, after: str | None, limit: int, order: Order) -> Page[Eval]:
    """Evals."""
    return read_page(session, Eval, keys=("created_at", "id"), after=after, limit=limit, order=order)


def count(session: Session) -> int:
    """How many there are."""
    return session.exec(select(func.count()).select_from(Eval)).one()


def change(session: Session, eval_id: str, **values: Any) -> Eval:
    """Set its name or its metadata.

    Raises:
        NotFound: There is none such.
    """
    session.exec(update(Eval).where(col(Eval.id) == eval_id).values(**values))
    session.expire_all()
    return get(session, eval_id)


def delete(session: Session, eval_id: str) -> None:
    """Forget an eval with all its runs.

    Raises:
        NotFound: There is none such.
    """
    get(session, eval_id)
    runs = select(EvalRun.id).where(col(EvalRun.eval_id) == eval_id)
    session.exec(delete_from(EvalOutputItem).where(col(EvalOutputItem.run_id).in_(runs)))
    session.exec(delete_from(EvalRun).where(col(EvalRun.eval_id) == eval_id))
    session.exec(delete_from(Eval).where(col(Eval.id) == eval_id))


def get_run(session: Session, eval_id: str, run_id: str) -> EvalRun:
    """A run of an eval.

    Raises:
        NotFound: It has none such.
    """
    found = session.get(EvalRun, run_id)
    if found is None or found.eval_id != eval_id:
        raise NotFound(f"No run {run_id!r} of {eval_id!r}.", param="run_id")
    return found


def runs(
    session: Session, eval_id: str, *, status: EvalRunStatus | None, after: str | None, limit: int, order: Order
) -> Page[EvalRun]:
    """Runs of an eval."""
    where = [col(EvalRun.eval_id) == eval_id]
    if status is not None:
        where.append(col(EvalRun.status) == status)
    return read_page(session, EvalRun, *where, keys=("created_at", "id"), after=after, limit=limit, order=order)


def unfinished(session: Session) -> int:
    """How many runs have not ended."""
    open_ones = col(EvalRun.status).not_in(FINAL_EVAL_RUN_STATUSES)
    return session.exec(select(func.count()).select_from(EvalRun).where(open_ones)).one()


def delete_run(session: Session, run_id: str) -> None:
    """Forget a run with its items."""
    session.exec(delete_from(EvalOutputItem).where(col(EvalOutputItem.run_id) == run_id))
    session.exec(delete_from(EvalRun).where(col(EvalRun.id) == run_id))


def cancel(session: Session, run_id: str, now: float) -> bool:
    """End a run; whoever works at it stops soon. ``False``: it was over."""
    open_ones = col(EvalRun.status).not_in(FINAL_EVAL_RUN_STATUSES)
    ending = {"status": "canceled", "finished_at": now, "lease_token": None, "lease_expires_at": None}
    if session.exec(update(EvalRun).where(col(EvalRun.id) == run_id, open_ones).values(ending)).rowcount != 1:
        return False
    webhooks.emit(session, "eval.run.canceled", {"id": run_id}, now)
    session.expire_all()
    return True


def keep(
    session: Session, run: EvalRun, token: str, items: Sequence[EvalOutputItem], values: Mapping[str, Any]
) -> EvalRun | None:
    """Store what came of some rows and that they are done, both or neither; ``None``: the lease is lost."""
    statement = LEASES.held(run.id, token).where(col(EvalRun.next_row) == run.next_row)
    changed: EvalRun | None = session.scalars(
        statement.values(**values).returning(EvalRun).execution_options(populate_existing=True)
    ).one_or_none()
    if changed is not None:
        session.add_all(items)
    return changed


def finish(session: Session, run_id: str, token: str, status: EvalRunStatus, now: float, **values: Any) -> bool:
    """End a run and have it told; ``False`` if the lease is lost."""
    ending = {"status": status, "finished_at": now, "lease_token": None, "lease_expires_at": None, **values}
    if session.exec(LEASES.held(run_id, token).values(ending)).rowcount != 1:
        return False
    webhooks.emit(session, _EVENTS[status], {"id": run_id}, now)
    return True


def items(
    session: Session, run_id: str, *, status: str | None, after: int, limit: int, newest: bool = False
) -> list[EvalOutputItem]:
    """Items of a run by their rows, from the one behind ``after`` (-1: from the first, or the last)."""
    place = col(EvalOutputItem.row)
    where = [col(EvalOutputItem.run_id) == run_id]
    if status is not None:
        where.append(col(EvalOutputItem.status) == status)
    if after >= 0:
        where.append(place < after if newest else place > after)
    found = select(EvalOutputItem).where(*where).order_by(place.desc() if newest else place).limit(limit)
    return list(session.exec(found).all())


def item(session: Session, run_id: str, row: int) -> EvalOutputItem | None:
    """What came of one row."""
    return session.get(EvalOutputItem, (run_id, row))


def results(session: Session, run_id: str) -> list[tuple[int, list[dict[str, Any]]]]:
    """Of every row of a run, what each criterion said."""
    found = select(EvalOutputItem.row, EvalOutputItem.results).where(col(EvalOutputItem.run_id) == run_id)
    return [(row, list(told)) for row, told in session.exec(found.order_by(col(EvalOutputItem.row))).all()]
