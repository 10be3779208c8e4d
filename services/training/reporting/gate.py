"""The gate: may this model take the place of the one in production? Pure; both were read on the same test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.training.reporting.bias import BiasVerdict
from services.training.reporting.figures import Evaluation, LabelScore
from services.training.reporting.trials import EvalVerdict
from shared.contracts.training.jobs import Promotion

#: Floating-point slack, so that a loss of exactly the budget still passes.
_EPSILON = 1e-9

#: Wrong turns that are kept by name.
_LISTED = 100


@dataclass(frozen=True, slots=True)
class Violation:
    """One figure by which the candidate falls too far behind.

    Attributes:
        head: ``intent``, ``entity`` or ``sentiment``; ``overall`` for a score of the whole model.
        label: The label, the labels judged together, or the name of the overall score.
        candidate: Its figure, 0..1.
        production: That of the model in production.
        budget: How much less was allowed.
    """

    head: str
    label: str
    candidate: float
    production: float
    budget: float

    def __str__(self) -> str:
        what = self.label if self.head == "overall" else f"F1 of {self.head} {self.label}"
        return f"{what} {self.candidate:.3f}, in production {self.production:.3f} (may lose {self.budget:.3f})"


@dataclass(frozen=True, slots=True)
class DialogueVerdict:
    """What came of the dialogues that the candidate had to hold.

    Attributes:
        turns: How many there are.
        required: Share of them that must be right, 0..1.
        wrong: Dialogue and number, from 1, of each turn that is not.
    """

    turns: int
    required: float
    wrong: tuple[tuple[str, int], ...]

    @property
    def accuracy(self) -> float:
        """Share of the turns that are right, 0..1."""
        return (self.turns - len(self.wrong)) / self.turns

    @property
    def passed(self) -> bool:
        """Whether enough are right."""
        return self.accuracy >= self.required - _EPSILON

    def __str__(self) -> str:
        right = self.turns - len(self.wrong)
        return f"{right} of {self.turns} turns of the dialogues are right (required: {self.required:.1%})"

    def to_json(self) -> dict[str, Any]:
        """For the model's row; the wrong turns as far as a row should hold them."""
        wrong = [{"dialogue": dialogue, "turn": turn} for dialogue, turn in self.wrong[:_LISTED]]
        figures = {"turns": self.turns, "turns_right": self.turns - len(self.wrong), "required": self.required}
        return figures | {"passed": self.passed, "wrong": wrong}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided, and every reason.

    Attributes:
        production: Id of the model compared with; ``None`` if none is in production.
        violations: Empty if the candidate is not behind it.
        dialogues: What came of the dialogues, if the job names some.
        trial: What came of the eval, if the job names one.
        bias: How groups of speakers are answered, if the job asks for it.
    """

    production: str | None
    violations: tuple[Violation, ...] = ()
    dialogues: DialogueVerdict | None = None
    trial: EvalVerdict | None = None
    bias: BiasVerdict | None = None

    @property
    def passed(self) -> bool:
        """Whether the candidate may be promoted."""
        besides = (self.dialogues, self.trial, self.bias)
        return not self.violations and all(one is None or one.passed for one in besides)

    def to_json(self) -> dict[str, Any]:
        """For the model's row."""
        violations = [asdict(violation) for violation in self.violations]
        dialogues = self.dialogues.to_json() if self.dialogues else None
        return {
            "passed": self.passed,
            "production": self.production,
            "violations": violations,
            "dialogues": dialogues,
            "eval": self.trial.to_json() if self.trial else None,
            "bias": self.bias.to_json() if self.bias else None,
        }


def compare(
    candidate: Evaluation, production: Evaluation, budget: Promotion, production_id: str, quality: Sequence[str]
) -> Verdict:
    """Judge the candidate label by label and as a whole.

    Args:
        candidate: Its evaluation.
        production: That of the model in production, on the same rows.
        budget: What the candidate may lose.
        production_id: Id of the model in production.
        quality: The overall scores that count.
    """
    violations = [
        violation
        for head, table in production.labels.items()
        for violation in _label_violations(head, candidate.labels.get(head, {}), table, budget)
    ]
    for name in quality:
        if name in production.scores:
            ours, theirs = candidate.scores.get(name, 0.0), production.scores[name]
            if theirs - ours > budget.max_overall_regression + _EPSILON:
                violations.append(Violation("overall", name, ours, theirs, budget.max_overall_regression))
    return Verdict(production_id, tuple(violations))


def _label_violations(
    head: str, ours: dict[str, LabelScore], theirs: dict[str, LabelScore], budget: Promotion
) -> list[Violation]:
    """Labels with too few test rows are judged by their mean, since one row would move each of them too far."""
    rare = [label for label, score in theirs.items() if score.support < budget.min_label_rows]
    groups = {label: [label] for label in theirs if label not in rare}
    if rare:
        groups["of " + ", ".join(rare)] = rare
    found = []
    for name, labels in groups.items():
        candidate, production = _weighted_f1(ours, labels, theirs), _weighted_f1(theirs, labels, theirs)
        if production - candidate > budget.max_regression + _EPSILON:
            found.append(Violation(head, name, candidate, production, budget.max_regression))
    return found


def _weighted_f1(table: dict[str, LabelScore], labels: list[str], weights: dict[str, LabelScore]) -> float:
    total = sum(weights[label].support for label in labels)
    return sum(table[label].f1 * weights[label].support for label in labels if label in table) / max(total, 1)
