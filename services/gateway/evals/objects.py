"""Stored evals in the shapes of the convention."""

from __future__ import annotations

from typing import Any

from services.gateway.evals.schemas import (
    CriterionResult,
    EvalObject,
    ModelUsage,
    OutputItemObject,
    ResultCounts,
    RunObject,
)
from shared.storage.tables.evals import Eval, EvalOutputItem, EvalRun


def eval_object(row: Eval) -> EvalObject:
    """An eval."""
    return EvalObject(
        id=row.id,
        created_at=int(row.created_at),
        name=row.name,
        metadata=row.user_metadata,
        data_source_config=row.data_source_config,
        testing_criteria=row.testing_criteria,
    )


def run_object(run: EvalRun) -> RunObject:
    """A run."""
    return RunObject(
        id=run.id,
        eval_id=run.eval_id,
        created_at=int(run.created_at),
        name=run.name,
        model=run.model,
        status=run.status,
        data_source=run.data_source,
        error=run.error,
        metadata=run.user_metadata,
        report_url=f"/v1/evals/{run.eval_id}/runs/{run.id}",
        result_counts=ResultCounts(total=run.total, passed=run.passed, failed=run.failed, errored=run.errored),
        per_testing_criteria_results=[
            CriterionResult(testing_criteria=name, passed=counts["passed"], failed=counts["failed"])
            for name, counts in run.criteria.items()
        ],
        per_model_usage=[_usage(model, took) for model, took in run.usage.items()],
        parley=run.metrics,
    )


def _usage(model: str, took: dict[str, int]) -> ModelUsage:
    return ModelUsage(
        model_name=model,
        invocation_count=took.get("calls", 0),
        prompt_tokens=took.get("read", 0),
        completion_tokens=took.get("written", 0),
        cached_tokens=took.get("cached", 0),
        total_tokens=took.get("read", 0) + took.get("written", 0),
    )


def item_object(run: EvalRun, item: EvalOutputItem) -> OutputItemObject:
    """What came of a row."""
    return OutputItemObject(
        id=item_id(run.id, item.row),
        created_at=int(item.created_at),
        run_id=run.id,
        eval_id=run.eval_id,
        status=item.status,
        datasource_item_id=item.row,
        datasource_item=item.item,
        results=[_result(one) for one in item.results],
        sample=_sample(run, item.sample),
    )


def item_id(run_id: str, row: int) -> str:
    """The id of what came of a row."""
    return f"outputitem_{run_id.removeprefix('evalrun_')}_{row}"


def row_of(run_id: str, output_item_id: str) -> int | None:
    """The row that an id is of; ``None`` if it is none of this run."""
    begin, _, row = output_item_id.rpartition("_")
    is_ours = begin == f"outputitem_{run_id.removeprefix('evalrun_')}" and row.isascii() and row.isdigit()
    return int(row) if is_ours and len(row) < 10 else None


def _result(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "score": one.get("score") or 0.0}


def _sample(run: EvalRun, sample: dict[str, Any]) -> dict[str, Any]:
    params = run.data_source.get("sampling_params") or {}
    usage = sample.get("usage") or {}
    read, written = usage.get("read", 0), usage.get("written", 0)
    text = sample.get("output_text")
    return {
        "input": sample.get("input", []),
        "output": [{"role": "assistant", "content": text}] if text is not None else [],
        "model": sample.get("model", run.model),
        "finish_reason": sample.get("finish_reason", ""),
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": written,
            "cached_tokens": usage.get("cached", 0),
            "total_tokens": read + written,
        },
        "error": sample.get("error"),
        "temperature": params.get("temperature"),
        "top_p": params.get("top_p"),
        "seed": params.get("seed"),
        "max_completion_tokens": params.get("max_completion_tokens"),
    }
