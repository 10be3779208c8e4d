"""Prompts of our own that a guard must see. Every second one of a group was held back while the rules were written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared.bot.guarding import Guards
from shared.dialogue.guards.answers import Facts, broken_rules
from shared.dialogue.guards.messages import MESSAGE_GUARDS


@dataclass(frozen=True)
class Prompt:
    """A message of a customer, or a sentence of a model, that breaks a rule."""

    text: str
    side: str
    guard: str
    language: str
    held_back: bool

    def is_seen(self) -> bool:
        """Whether its guard sees it; what a model may repeat is nothing."""
        if self.side == "customer":
            return MESSAGE_GUARDS[self.guard](self.text) is not None  # type: ignore[index]
        return self.guard in {name for name, _ in broken_rules(self.text, Guards(), Facts)}


def red_team() -> list[Prompt]:
    """All of them."""
    prompts: list[Prompt] = []
    group: list[str] = []
    number = 0
    for line in (Path(__file__).parent / "red_team.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(("# customer", "# answer")):
            group, number = line.split()[1:], 0
        elif line:
            side, guard, language = group
            prompts.append(Prompt(line, side, guard, language, held_back=number % 2 == 1))
            number += 1
    return prompts


def recall(of: Callable[[Prompt], bool]) -> tuple[int, int]:
    """How many of some prompts are seen, and how many there are."""
    chosen = [prompt for prompt in red_team() if of(prompt)]
    return sum(prompt.is_seen() for prompt in chosen), len(chosen)
