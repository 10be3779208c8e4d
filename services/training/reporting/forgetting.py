"""What a model that goes on from another still knows of what that one knew."""

from __future__ import annotations

from typing import Any, NamedTuple

from services.training.reporting.figures import Evaluation

#: F1 that a label may lose before it is named; less is chance on few rows.
_LOST = 0.1
#: Labels that are named.
_NAMED = 5


class Kept(NamedTuple):
    """F1 of a label on the old test rows, and how many have it."""

    head: str
    label: str
    support: int
    before: float
    after: float

    @property
    def lost(self) -> float:
        """How much F1 fell."""
        return self.before - self.after


class Forgetting(NamedTuple):
    """How the new model does on rows of the old one.

    Attributes:
        parent: The old model.
        before: How that did.
        after: How the new one does.
    """

    parent: str
    before: Evaluation
    after: Evaluation

    def labels(self) -> list[Kept]:
        """The old labels, those that lost most first."""
        found = [
            Kept(
                head, label, old.support, old.f1, new.f1 if (new := self.after.labels.get(head, {}).get(label)) else 0.0
            )
            for head, table in self.before.labels.items()
            for label, old in table.items()
        ]
        return sorted(found, key=lambda kept: (-kept.lost, kept.head, kept.label))

    def to_json(self) -> dict[str, Any]:
        """For the metrics of the model."""
        return {
            "model": self.parent,
            "rows": self.before.rows,
            "scores": {
                name: {"before": value, "after": self.after.scores.get(name)}
                for name, value in self.before.scores.items()
            },
            "labels": [kept._asdict() for kept in self.labels()],
        }

    @property
    def lost(self) -> list[Kept]:
        """The labels that lost more than chance would take."""
        return [kept for kept in self.labels() if kept.lost > _LOST]

    def told(self, shown: tuple[str, ...]) -> str:
        """In words, with those scores that are shown."""
        scores = ", ".join(
            f"{name.replace('_', ' ')} {self.before.scores[name]:.3f} before and {self.after.scores.get(name, 0.0):.3f} now"
            for name in shown
            if name in self.before.scores
        )
        lost = self.lost
        named = ", ".join(f"{kept.label} ({kept.before:.2f}, now {kept.after:.2f})" for kept in lost[:_NAMED])
        more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
        words = f"F1 fell most of {named}{more}" if lost else "no label of it fell by more than chance"
        return f"On {self.before.rows} test rows of {self.parent}: {scores}; {words}."
