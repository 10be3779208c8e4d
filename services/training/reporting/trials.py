"""An eval that a new model is tried by, beside the one in production, before it is promoted by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic_core import to_json

from services.training.jobs.context import AttemptContext
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import file_key
from shared.contracts.training.jobs import JobSpec, PromotionEval
from shared.errors import InvalidInput, NotFound, TrainingFailed
from shared.evals.figures import Results, compared
from shared.evals.graders import Grader
from shared.evals.grading import graded, sample_of
from shared.evals.rows import SourceRow
from shared.evals.trial import Trial, read_trial
from shared.inference.predictor import Predictor
from shared.storage.training import evals
from shared.tasks.readers import open_predictor

#: Floating-point slack, so that a loss of exactly what is put up with still passes.
_EPSILON = 1e-9
#: Rows that a model is asked about at once.
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class EvalVerdict:
    """What came of an eval.

    Attributes:
        asked: By the job.
        rows: Of the file.
        criteria: Of each its ``baseline`` and ``candidate`` (mean scores), their ``difference``, and ``low`` and ``high``, the ends of its interval.
    """

    asked: PromotionEval
    rows: int
    criteria: Mapping[str, Mapping[str, Any]]

    @property
    def passed(self) -> bool:
        """Whether no criterion may be as much worse as is not put up with."""
        return all(one["low"] >= self.asked.least_gain - _EPSILON for one in self.criteria.values())

    def __str__(self) -> str:
        told = [
            f"{name} {one['candidate']:.3f}, in production {one['baseline']:.3f} (difference {one['difference']:+.3f}, "
            f"{self.asked.level:.1%} interval {one['low']:+.3f} to {one['high']:+.3f})"
            for name, one in self.criteria.items()
        ]
        return f"By the eval {self.asked.id} on {self.rows} rows: {'; '.join(told)}; at least {self.asked.least_gain:+.3f} is asked for"

    def to_json(self) -> dict[str, Any]:
        """For the model's row."""
        figures = {"id": self.asked.id, "rows": self.rows, "passed": self.passed}
        asked = {"least_gain": self.asked.least_gain, "level": self.asked.level}
        return figures | asked | {"criteria": {name: dict(one) for name, one in self.criteria.items()}}


def find_trial(spec: JobSpec, context: AttemptContext) -> Trial | None:
    """The eval that a job names with its rows, read before anything is trained; ``None`` if it names none.

    Raises:
        TrainingFailed: It is gone or faulty.
    """
    asked = spec.promotion.eval
    if asked is None:
        return None
    try:
        criteria = context.lease.read(lambda session: evals.get(session, asked.id).testing_criteria)
        with context.store.open(file_key(asked.file)) as stream:
            return read_trial(asked, criteria, stream, spec.task)
    except (NotFound, InvalidInput) as error:
        raise TrainingFailed(f"promotion.eval: {error.message}", param="promotion.eval") from None


def try_out(trial: Trial, asked: PromotionEval, candidate: Bundle, production: Bundle, threads: int) -> EvalVerdict:
    """Ask both models about every row, and compare."""
    before, after = (_told(trial, bundle, threads) for bundle in (production, candidate))
    return EvalVerdict(asked, len(trial.rows), compared(before, after, asked.level))


def _told(trial: Trial, bundle: Bundle, threads: int) -> Results:
    with closing(open_predictor(bundle, threads=threads)) as predictor:
        return answered(trial, predictor)


def answered(trial: Trial, predictor: Predictor) -> Results:
    """What each criterion says of what a model answers; what cannot be graded, such as an answer without the field that is looked for, scores 0."""
    told: list[tuple[int, list[dict[str, Any]]]] = []
    for begin in range(0, len(trial.rows), _AT_ONCE):
        answers = predictor.predict(trial.inputs[begin : begin + _AT_ONCE])
        samples = [sample_named(one.answer) for one in answers]
        rows = trial.rows[begin : begin + _AT_ONCE]
        scored = asyncio.run(_scored(trial.criteria, rows, samples))
        told += enumerate(scored, begin)
    return told


async def _scored(
    criteria: Sequence[tuple[str, Grader]], rows: Sequence[SourceRow], samples: Sequence[Mapping[str, Any]]
) -> list[list[dict[str, Any]]]:
    return [
        [{"name": name, "score": await _score(grader, {"item": row.item, "sample": said})} for name, grader in criteria]
        for row, said in zip(rows, samples, strict=True)
    ]


async def _score(grader: Grader, names: Mapping[str, Any]) -> float:
    try:
        return (await graded(grader, names, _nobody, "")).score
    except InvalidInput:
        return 0.0


async def _nobody(path: str, _body: dict[str, Any], _key: str) -> NoReturn:
    raise AssertionError(f"a grader of a trial asks {path}")


def sample_named(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as templates name it: ``output_json`` whole, ``output_text`` the text, answer, label or intent, or else all of it as JSON."""
    for name in ("text", "answer", "label", "intent"):
        value = answer.get(name)
        said = value.get("name") if isinstance(value, Mapping) else value
        if isinstance(said, str):
            return {**sample_of(said), "output_json": answer}
    return {"output_text": to_json(answer).decode(), "output_json": answer}
