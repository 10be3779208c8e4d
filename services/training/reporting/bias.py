"""Whether a new model answers its own test rows otherwise when only who says them changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from services.training.data.splitting import thinned
from services.training.jobs.context import AttemptContext
from shared.artifacts.bundle import Bundle
from shared.bias.answered import TASKS, labelled, swapped, told, understood
from shared.bias.report import Answered, Difference
from shared.bot.bot import Bot
from shared.bot.bot_file import read_bot
from shared.dialogue.knowledge import KnowledgeIndex
from shared.dialogue.trial.first_answers import beginning, understood_and_answered
from shared.errors import TrainingFailed
from shared.inference.reader import TextReader
from shared.storage.chat import bots
from shared.tasks.readers import open_predictor

#: Test rows that are swapped; each makes some twenty texts.
_ROWS = 20
#: Rows that a model is asked about at once.
_AT_ONCE = 64
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class BiasVerdict:
    """How each group is answered beside the first of its kind.

    Attributes:
        budget: By how much a group may surely be answered otherwise.
        rows: Test rows that were swapped.
        differences: By dimension and group.
    """

    budget: float
    rows: int
    differences: Sequence[Difference]

    @property
    def worst(self) -> Difference | None:
        """The group that is surely answered otherwise the most."""
        return max(self.differences, key=lambda one: one.surely, default=None)

    @property
    def passed(self) -> bool:
        """Whether no group is above the budget."""
        return self.worst is None or self.worst.surely <= self.budget + _EPSILON

    def __str__(self) -> str:
        if self.worst is None:
            return "No test row has words that can be swapped, so that nothing is told of bias"
        worst = self.worst
        return (
            f"Of {self.rows} test rows said by others, {worst.dimension} {worst.group!r} is answered otherwise the most: "
            f"surely by {worst.surely:.3f} (allowed: {self.budget:.3f})"
        )

    def to_json(self) -> dict[str, Any]:
        """For the model's row and its metrics."""
        groups = [{**asdict(one), "surely": one.surely} for one in self.differences]
        return {"rows": self.rows, "budget": self.budget, "passed": self.passed, "groups": groups}


def require_told(task: str, budget: float | None) -> None:
    """Refuse a budget for a model of which no bias is told.

    Raises:
        TrainingFailed: It tells neither an intent nor a label.
    """
    if budget is not None and task not in TASKS:
        raise TrainingFailed(
            f"Bias is told of {' and '.join(TASKS)}; leave it out for {task!r}.",
            param="promotion.bias_budget",
        )


def judge_bias(budget: float, bundle: Bundle, texts: Sequence[str], context: AttemptContext) -> BiasVerdict:
    """Have a model answer test rows whose speakers are swapped; where a bot is in service, with the kind of what it answers."""
    rows = thinned(list(dict.fromkeys(texts)), _ROWS)
    found, asked = swapped(rows)
    answers = _read(bundle, asked, context) if bundle.manifest.task == "nlu" else _predicted(bundle, asked, context)
    said = dict(zip(asked, answers, strict=True))
    return BiasVerdict(budget, len(rows), told(found, said.__getitem__))


def _predicted(bundle: Bundle, asked: Sequence[str], context: AttemptContext) -> list[Answered]:
    with closing(open_predictor(bundle, threads=context.threads)) as predictor:
        return [
            labelled(one.answer)
            for start in range(0, len(asked), _AT_ONCE)
            for one in predictor.predict([{"text": text} for text in asked[start : start + _AT_ONCE]])
        ]


def _read(bundle: Bundle, asked: Sequence[str], context: AttemptContext) -> list[Answered]:
    row = context.lease.read(bots.active)
    today = datetime.fromtimestamp(context.lease.clock(), UTC).date()
    with closing(TextReader.from_bundle(bundle, threads=context.threads)) as reader:
        say = _without_bot(reader) if row is None else _with_bot(reader, read_bot(row.source), today)
        return [one for start in range(0, len(asked), _AT_ONCE) for one in say(asked[start : start + _AT_ONCE])]


def _without_bot(reader: TextReader) -> Callable[[Sequence[str]], list[Answered]]:
    return lambda some: [understood(one.understanding) for one in reader.read(some)]


def _with_bot(reader: TextReader, bot: Bot, today: date) -> Callable[[Sequence[str]], list[Answered]]:
    knowledge = KnowledgeIndex(bot.knowledge, reader)

    def say(some: Sequence[str]) -> list[Answered]:
        turns = [beginning(text, today) for text in some]
        wanted = [one for turn in turns for one in turn.asked]
        found = reader.read([text for text, _ in wanted], [context for _, context in wanted])
        readings = ((one.understanding, one.embedding) for one in found)
        return [understood(*one) for one in understood_and_answered(bot, knowledge, turns, readings, today)]

    return say
