"""``/v1/evals``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import Query

from services.gateway.evals.objects import eval_object, item_object, row_of, run_object
from services.gateway.evals.schemas import (
    ChangeEval,
    CompareRuns,
    Comparison,
    CreateEval,
    CreateRun,
    Custom,
    Difference,
    EvalDeleted,
    EvalObject,
    OutputItemObject,
    RunDeleted,
    RunObject,
)
from services.gateway.evals.sources import MAX_STORED, FileContent, FileId, StoredCompletions
from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.bodies.schemas import EmptyRequest, Listing
from services.gateway.http.router import After, Limit, Order, resource
from services.gateway.state import State
from shared.errors import InvalidInput, NotFound, TooManyRequests
from shared.evals.figures import compared
from shared.storage.chat import completions
from shared.storage.database.engine import Session
from shared.storage.database.identity import new_id
from shared.storage.tables.completions import StoredCompletion
from shared.storage.tables.evals import Eval, EvalRun, EvalRunStatus
from shared.storage.training import evals, files

router = resource("Evals")

#: Evals that may be there, and runs that may wait or be worked at.
MAX_EVALS, MAX_UNFINISHED = 10_000, 100
#: Files that rows may lie in.
_PURPOSES = ("evals", "fine-tune", "user_data", "batch")

Status = Annotated[EvalRunStatus | None, Query(description="Only those.")]
ItemStatus = Annotated[Literal["pass", "fail", "error"] | None, Query(description="Only those.")]
OrderBy = Annotated[Literal["created_at", "updated_at"], Query(description="By when they were made, both.")]


@router.post("/evals", status_code=200)
def create(body: CreateEval, state: State, caller: TrainCaller) -> EvalObject:
    """Write down what rows look like and how they are graded."""
    config = body.data_source_config
    shown = {"type": "custom", "schema": config.item_schema} if isinstance(config, Custom) else config.model_dump()
    row = Eval(
        id=new_id("eval_"),
        key_id=caller.key_id,
        created_at=state.clock(),
        name=body.name or "",
        user_metadata=body.metadata or {},
        data_source_config=shown,
        testing_criteria=[one.model_dump(mode="json") for one in body.testing_criteria],
    )
    with state.database.transaction() as session:
        if evals.count(session) >= MAX_EVALS:
            raise InvalidInput(f"There are {MAX_EVALS} evals already; delete some.", code="too_many_evals")
        evals.add(session, row)
        return eval_object(row)


@router.get("/evals")
def list_evals(
    state: State,
    _caller: TrainCaller,
    after: After = None,
    limit: Limit = 20,
    order: Order = "asc",
    order_by: OrderBy = "created_at",  # noqa: ARG001  # an eval is not changed but in its name
) -> Listing[EvalObject]:
    """Evals."""
    with state.database.reading() as session:
        page = evals.page(session, after=after, limit=limit, order=order)
    return Listing[EvalObject].of([eval_object(one) for one in page.items], has_more=page.has_more)


@router.get("/evals/{eval_id}")
def retrieve(eval_id: str, state: State, _caller: TrainCaller) -> EvalObject:
    """One eval."""
    with state.database.reading() as session:
        return eval_object(evals.get(session, eval_id))


@router.post("/evals/{eval_id}")
def change(eval_id: str, body: ChangeEval, state: State, _caller: TrainCaller) -> EvalObject:
    """Change its name or its metadata."""
    values: dict[str, Any] = {}
    if body.name is not None:
        values["name"] = body.name
    if body.metadata is not None:
        values["user_metadata"] = body.metadata
    with state.database.transaction() as session:
        return eval_object(evals.change(session, eval_id, **values) if values else evals.get(session, eval_id))


@router.delete("/evals/{eval_id}")
def delete(eval_id: str, state: State, _caller: TrainCaller) -> EvalDeleted:
    """Forget an eval with all its runs and their rows."""
    with state.database.transaction() as session:
        evals.delete(session, eval_id)
    return EvalDeleted(eval_id=eval_id)


@router.post("/evals/{eval_id}/runs", status_code=200)
def create_run(eval_id: str, body: CreateRun, state: State, caller: TrainCaller) -> RunObject:
    """Have rows asked about and graded, beside live traffic and after it; what was done survives the process that did it."""
    source = body.data_source
    with state.database.transaction() as session:
        asked = evals.get(session, eval_id)
        if evals.unfinished(session) >= MAX_UNFINISHED:
            raise TooManyRequests(f"{MAX_UNFINISHED} runs are under way already; try again later.", retry_after=60.0)
        run = EvalRun(
            id=new_id("evalrun_"),
            eval_id=eval_id,
            key_id=caller.key_id,
            created_at=state.clock(),
            name=body.name or "",
            model=getattr(source, "model", None) or "",
            user_metadata=body.metadata or {},
            data_source=source.model_dump(mode="json", exclude={"source": {"content"}}),
            rows=_rows(session, caller, asked, source.source),
            testing_criteria=asked.testing_criteria,
            worked_at=state.clock(),
        )
        evals.add(session, run)
        return run_object(run)


def _rows(
    session: Session, caller: Caller, asked: Eval, source: FileContent | FileId | StoredCompletions
) -> list[dict[str, Any]] | None:
    """The rows that are kept with the run; ``None``: they lie in a file."""
    if isinstance(source, FileId):
        file = files.get(session, source.id)
        if file.purpose not in _PURPOSES:
            raise InvalidInput(
                f"{file.id} was uploaded for {file.purpose!r}; upload it with the purpose 'evals'.",
                param="data_source.source.id",
            )
        return None
    if isinstance(source, FileContent):
        needed = (asked.data_source_config.get("schema") or {}).get("required") or ()
        for number, row in enumerate(source.content):
            missing = next((name for name in needed if name not in row.item), None)
            if missing is not None:
                place = f"data_source.source.content[{number}].item"
                raise InvalidInput(f"'{place}' lacks {missing!r}, which 'item_schema' requires.", param=place)
        return [row.model_dump(mode="json") for row in source.content]
    found = list(_completions(session, None if caller.may("admin") else caller.key_id, source))
    if not found:
        raise InvalidInput("No stored completion is of that kind.", param="data_source.source")
    return found


def _completions(session: Session, owner: str | None, source: StoredCompletions) -> Iterator[dict[str, Any]]:
    after, left = None, source.limit or MAX_STORED
    while left:
        page = completions.page(
            session, key_id=owner, model=source.model, metadata=source.metadata, after=after, limit=100
        )
        for stored in page.items:
            late = source.created_before is not None and stored.created_at > source.created_before
            early = source.created_after is not None and stored.created_at < source.created_after
            if not late and not early and left:
                left -= 1
                yield _completion_row(stored)
        if not page.has_more:
            return
        after = page.items[-1].id


def _completion_row(stored: StoredCompletion) -> dict[str, Any]:
    text = stored.completion["choices"][0]["message"]["content"]
    item = {"input": stored.messages, "metadata": stored.user_metadata, "completion_id": stored.id}
    return {"item": item, "sample": {"output_text": text or "", "model": stored.model}}


@router.get("/evals/{eval_id}/runs")
def list_runs(
    eval_id: str,
    state: State,
    _caller: TrainCaller,
    status: Status = None,
    after: After = None,
    limit: Limit = 20,
    order: Order = "asc",
) -> Listing[RunObject]:
    """Runs of an eval."""
    with state.database.reading() as session:
        evals.get(session, eval_id)
        page = evals.runs(session, eval_id, status=status, after=after, limit=limit, order=order)
    return Listing[RunObject].of([run_object(one) for one in page.items], has_more=page.has_more)


@router.get("/evals/{eval_id}/runs/{run_id}")
def retrieve_run(eval_id: str, run_id: str, state: State, _caller: TrainCaller) -> RunObject:
    """One run."""
    with state.database.reading() as session:
        return run_object(evals.get_run(session, eval_id, run_id))


@router.post("/evals/{eval_id}/runs/{run_id}/cancel")
def cancel_run(
    eval_id: str, run_id: str, state: State, _caller: TrainCaller, _body: EmptyRequest | None = None
) -> RunObject:
    """Stop a run; rows that are done stay. Repeating it is harmless."""
    with state.database.transaction() as session:
        run = evals.get_run(session, eval_id, run_id)
        if not evals.cancel(session, run_id, state.clock()) and run.status != "canceled":
            raise InvalidInput(f"The run is {run.status} already.", param="run_id", code="run_over")
        return run_object(evals.get_run(session, eval_id, run_id))


@router.delete("/evals/{eval_id}/runs/{run_id}")
def delete_run(eval_id: str, run_id: str, state: State, _caller: TrainCaller) -> RunDeleted:
    """Forget a run with its rows; one that is under way ends."""
    with state.database.transaction() as session:
        evals.get_run(session, eval_id, run_id)
        evals.delete_run(session, run_id)
    return RunDeleted(run_id=run_id)


@router.get("/evals/{eval_id}/runs/{run_id}/output_items")
def list_items(
    eval_id: str,
    run_id: str,
    state: State,
    _caller: TrainCaller,
    status: ItemStatus = None,
    after: After = None,
    limit: Limit = 20,
    order: Order = "asc",
) -> Listing[OutputItemObject]:
    """What came of each row, in the order of the rows."""
    with state.database.reading() as session:
        run = evals.get_run(session, eval_id, run_id)
        place = -1 if after is None else row_of(run_id, after)
        if place is None:
            raise InvalidInput(f"There is no {after!r} to continue after; take the id of the last item.", param="after")
        found = evals.items(session, run_id, status=status, after=place, limit=limit + 1, newest=order == "desc")
        shown = [item_object(run, one) for one in found[:limit]]
    return Listing[OutputItemObject].of(shown, has_more=len(found) > limit)


@router.get("/evals/{eval_id}/runs/{run_id}/output_items/{output_item_id}")
def retrieve_item(
    eval_id: str, run_id: str, output_item_id: str, state: State, _caller: TrainCaller
) -> OutputItemObject:
    """What came of one row."""
    with state.database.reading() as session:
        run = evals.get_run(session, eval_id, run_id)
        row = row_of(run_id, output_item_id)
        item = evals.item(session, run_id, row) if row is not None else None
        if item is None:
            raise NotFound(f"No output item {output_item_id!r}.", param="output_item_id")
        return item_object(run, item)


@router.post("/evals/{eval_id}/compare", status_code=200)
def compare(eval_id: str, body: CompareRuns, state: State, _caller: TrainCaller) -> Comparison:
    """Ours: how much better one run is than another, criterion by criterion, over the rows that both have.

    The interval is a paired bootstrap's: where it holds 0, the rows do not tell which is better.
    """
    with state.database.reading() as session:
        told = {}
        for name in ("baseline", "candidate"):
            run = evals.get_run(session, eval_id, getattr(body, name))
            if run.status != "completed":
                raise InvalidInput(f"The run {run.id} is {run.status}; compare runs that are completed.", param=name)
            told[name] = evals.results(session, run.id)
    found = compared(told["baseline"], told["candidate"])
    criteria = {name: Difference(**numbers) for name, numbers in found.items()}
    return Comparison(eval_id=eval_id, baseline=body.baseline, candidate=body.candidate, criteria=criteria)
