"""What came of a dialogue file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WrongTurn:
    """A turn of which something that was expected did not come.

    Attributes:
        dialogue: The name of its dialogue.
        turn: Its number in it, from 1.
        user: What the customer said.
        answer: What the bot said.
        misses: What was expected and what came, a sentence each.
    """

    dialogue: str
    turn: int
    user: str
    answer: str
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialReport:
    """Counts, and every turn that was wrong."""

    dialogues: int
    dialogues_right: int
    turns: int
    wrong: tuple[WrongTurn, ...]

    @property
    def turns_right(self) -> int:
        """Turns of which all came that was expected."""
        return self.turns - len(self.wrong)

    @property
    def accuracy(self) -> float:
        """Share of the turns that are right, 0..1."""
        return self.turns_right / self.turns
