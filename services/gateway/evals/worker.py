"""Works at runs of evals under a lease (see ``background``).

Some rows are asked about and graded, then they are stored with the count of what is done, so that a row comes once whatever dies in between.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import TypeAdapter
from pydantic_core import from_json

from services.gateway.background.leased_work import SLICE_SECONDS, LeasedWork, LeaseLost
from services.gateway.background.requests import PatientRequests
from services.gateway.evals.sampling import given, sampled
from services.gateway.evals.sources import DataSource, FileId, Sampled
from services.gateway.http.access.keyring import Caller
from services.gateway.state import AppState
from shared.artifacts.layout import file_key
from shared.errors import InvalidInput, NotFound
from shared.evals.figures import metrics
from shared.evals.graders import GRADER, Grader
from shared.evals.grading import Ask, NotAWriter, add_usage, graded
from shared.evals.rows import SourceRow, counted, rows_in
from shared.storage.tables.evals import EvalOutputItem, EvalRun
from shared.storage.training import evals
from shared.telemetry import logs

_log = logs.get(__name__)

#: Rows that are stored together, and rows under way at once.
WINDOW_ROWS, AT_ONCE = 32, 8
#: Seconds for which a model that is away is waited for, for one row.
PATIENCE_SECONDS = 600.0

SOURCE: TypeAdapter[DataSource] = TypeAdapter(DataSource)


def eval_work(gateway: AppState, app: FastAPI) -> LeasedWork[EvalRun]:
    """One process's share of the runs."""
    requests = PatientRequests(app, gateway.traffic)

    async def turn(run: EvalRun, token: str) -> None:
        await _RunTurn(gateway, requests, run, token).go()

    return LeasedWork("evals", gateway.database, evals.LEASES, turn, gateway.settings.batch_lease_seconds)


def asking(requests: PatientRequests, caller: Caller, until: float) -> Ask:
    """Asks this API in the name of a caller."""

    async def ask(path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        answer = await requests.ask(path, json.dumps(body).encode(), caller, key, until)
        told: dict[str, Any] = from_json(answer.body)
        if answer.status == HTTPStatus.OK:
            return told
        error = told["error"]
        if error.get("code") == "model_not_in_production" or error.get("param") == "response_format":
            raise NotAWriter(error["message"])
        raise InvalidInput(error["message"], param=error.get("param"), code=error.get("code"))

    return ask


class _RunTurn:
    """A while with one run."""

    def __init__(self, gateway: AppState, requests: PatientRequests, run: EvalRun, token: str) -> None:
        self._gateway = gateway
        self._requests = requests
        self._run = run
        self._token = token
        self._source = SOURCE.validate_python(_with_rows(run))
        self._graders = [(str(one["name"]), GRADER.validate_python(one)) for one in run.testing_criteria]

    async def go(self) -> None:
        """Take it as far as there is time for."""
        until = time.monotonic() + SLICE_SECONDS
        try:
            if self._run.status == "queued":
                total = await run_in_threadpool(self._count)
                await run_in_threadpool(self._keep, [], {"status": "in_progress", "total": total})
            await self._rows(until)
        except (NotFound, InvalidInput) as error:
            await run_in_threadpool(self._end, "failed", error={"code": error.code, "message": error.message})

    def _count(self) -> int:
        if self._run.rows is not None:
            return len(self._run.rows)
        with self._gateway.store.open(file_key(self._file())) as stream:
            return counted(stream)

    def _file(self) -> str:
        source = self._source.source
        return source.id if isinstance(source, FileId) else ""

    async def _rows(self, until: float) -> None:
        caller = await run_in_threadpool(self._gateway.keys.by_id, self._run.key_id)
        if caller is None:
            raise InvalidInput("the key that made the run is revoked", code="key_revoked")
        if self._run.rows is not None:
            await self._through(iter(map(SourceRow.model_validate, self._run.rows)), caller, until)
            return
        with await run_in_threadpool(self._gateway.store.open, file_key(self._file())) as stream:
            await self._through(rows_in(stream), caller, until)

    async def _through(self, rows: Iterator[SourceRow], caller: Caller, until: float) -> None:
        coming = islice(rows, self._run.next_row, None)
        while time.monotonic() < until:
            window = await run_in_threadpool(lambda: list(islice(coming, WINDOW_ROWS)))
            if not window:
                await run_in_threadpool(self._end, "completed")
                return
            await self._window(window, caller)

    async def _window(self, rows: list[SourceRow], caller: Caller) -> None:
        places = asyncio.Semaphore(AT_ONCE)
        ask = asking(self._requests, caller, time.time() + PATIENCE_SECONDS)
        usage: dict[str, dict[str, int]] = {}

        async def one(number: int, row: SourceRow) -> EvalOutputItem:
            async with places:
                return await self._row(number, row, ask, usage)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(self._run.next_row + place, row)) for place, row in enumerate(rows)]
        await run_in_threadpool(self._keep_items, [task.result() for task in tasks], usage)

    async def _row(self, number: int, row: SourceRow, ask: Ask, usage: dict[str, dict[str, int]]) -> EvalOutputItem:
        key = f"{self._run.id}/{number}"
        try:
            source = self._source
            sample = await sampled(source, row, ask, key) if isinstance(source, Sampled) else given(row)
        except InvalidInput as error:
            return self._item(number, row, {"error": {"code": error.code, "message": error.message}}, [])
        if "usage" in sample and isinstance(self._source, Sampled):
            add_usage(usage, {str(sample["model"]): sample["usage"]})
        names = {"item": row.item, "sample": sample}
        results = [
            await self._result(name, grader, names, ask, f"{key}/{place}", usage)
            for place, (name, grader) in enumerate(self._graders)
        ]
        return self._item(number, row, sample, results)

    async def _result(
        self,
        name: str,
        grader: Grader,
        names: dict[str, Any],
        ask: Ask,
        key: str,
        usage: dict[str, dict[str, int]],
    ) -> dict[str, Any]:
        try:
            grade = await graded(grader, names, ask, key)
        except InvalidInput as error:
            return {"name": name, "type": grader.type, "score": None, "passed": False, "error": error.message}
        add_usage(usage, grade.usage)
        told = {"name": name, "type": grader.type, "score": grade.score, "passed": grade.passed}
        return {**told, "details": grade.details, "parts": grade.parts}

    def _item(
        self, number: int, row: SourceRow, sample: dict[str, Any], results: list[dict[str, Any]]
    ) -> EvalOutputItem:
        broken = "error" in sample or any("error" in one for one in results)
        status = "error" if broken else "pass" if all(one["passed"] for one in results) else "fail"
        return EvalOutputItem(
            run_id=self._run.id,
            row=number,
            created_at=time.time(),
            status=status,
            item=row.item,
            sample=sample,
            results=results,
        )

    def _keep_items(self, items: list[EvalOutputItem], usage: dict[str, dict[str, int]]) -> None:
        run = self._run
        criteria = {name: dict(numbers) for name, numbers in run.criteria.items()}
        for name, _ in self._graders:
            criteria.setdefault(name, {"passed": 0, "failed": 0})
        for one in (one for item in items for one in item.results):
            criteria[one["name"]]["passed" if one["passed"] else "failed"] += 1
        total = {model: dict(took) for model, took in run.usage.items()}
        add_usage(total, usage)
        self._keep(
            items,
            {
                "next_row": run.next_row + len(items),
                "passed": run.passed + sum(item.status == "pass" for item in items),
                "failed": run.failed + sum(item.status == "fail" for item in items),
                "errored": run.errored + sum(item.status == "error" for item in items),
                "criteria": criteria,
                "usage": total,
            },
        )

    def _keep(self, items: list[EvalOutputItem], values: dict[str, Any]) -> None:
        with self._gateway.database.transaction() as session:
            changed = evals.keep(session, self._run, self._token, items, values)
        if changed is None:
            raise LeaseLost
        self._run = changed

    def _end(self, status: Any, **values: Any) -> None:
        run = self._run
        with self._gateway.database.transaction() as session:
            figures = metrics(evals.results(session, run.id))
            if not evals.finish(session, run.id, self._token, status, time.time(), metrics=figures, **values):
                raise LeaseLost
        _log.info("eval run over", run=run.id, status=status, passed=run.passed, failed=run.failed)


def _with_rows(run: EvalRun) -> dict[str, Any]:
    """The source as it is checked: rows that were taken out are put back in by the first of them."""
    source = dict(run.data_source)
    if run.rows is not None:
        source["source"] = {"type": "file_content", "content": run.rows[:1]}
    return source
