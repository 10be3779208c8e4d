"""An eval as the gate of a promotion: models are asked directly, and graded by what needs no model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from shared.contracts.training.jobs import PromotionEval
from shared.contracts.training.tasks import TaskName
from shared.errors import InvalidInput
from shared.evals.graders import GRADER, Grader, asks_a_model
from shared.evals.rows import SourceRow, rows_in
from shared.evals.templates import check, filled, value_at
from shared.tasks.records import inputs_of

#: Rows of a trial: a worker asks two models about each.
MAX_TRIAL_ROWS = 5_000

_INPUT = "promotion.eval.input"
_MARK = re.compile(r"\s*\{\{\s*([^{}]+?)\s*\}\}\s*")


@dataclass(frozen=True, slots=True)
class Trial:
    """What models are asked, and how that is graded.

    Attributes:
        criteria: Name and grader.
        rows: As the file has them.
        inputs: What a model of the task is asked about each.
    """

    criteria: tuple[tuple[str, Grader], ...]
    rows: tuple[SourceRow, ...]
    inputs: tuple[Any, ...]


def read_trial(asked: PromotionEval, criteria: Sequence[Mapping[str, Any]], stream: BinaryIO, task: TaskName) -> Trial:
    """A trial out of an eval and its rows.

    Args:
        asked: By the job.
        criteria: Of the eval.
        stream: The file of rows.
        task: Of the models.

    Raises:
        InvalidInput: A grader needs a model, or a row is none, or nothing a model of the task can be asked about.
    """
    graders = tuple((str(one["name"]), GRADER.validate_python(one)) for one in criteria)
    needy = next((name for name, grader in graders if asks_a_model(grader)), None)
    if needy is not None:
        raise InvalidInput(
            f"The criterion {needy!r} asks a model; a promotion is graded by graders that need none.",
            param="promotion.eval.id",
        )
    rows = tuple(islice(rows_in(stream, "promotion.eval.file"), MAX_TRIAL_ROWS + 1))
    if not 0 < len(rows) <= MAX_TRIAL_ROWS:
        raise InvalidInput(f"A promotion is tried on 1 to {MAX_TRIAL_ROWS} rows.", param="promotion.eval.file")
    for template in asked.input.values():
        check(template, _INPUT)
    return Trial(graders, rows, _inputs(asked.input, rows, task))


def _inputs(templates: Mapping[str, str], rows: Sequence[SourceRow], task: TaskName) -> tuple[Any, ...]:
    found: list[Any] = []
    for number, row in enumerate(rows, 1):
        try:
            record = {name: _value(template, row) for name, template in templates.items()}
            found += inputs_of(task, [record])
        except InvalidInput as error:
            raise InvalidInput(f"Row {number}: {error.message}", param=_INPUT) from None
    return tuple(found)


def _value(template: str, row: SourceRow) -> Any:
    mark, names = _MARK.fullmatch(template), {"item": row.item}
    return value_at(mark[1], names) if mark else filled(template, names)
