"""How much of a conversation goes along to a language model, and what is left of the rest."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.chat.turns import PastTurn
from shared.text.tokens import count_tokens, sentences

#: Tokens of the summary, and of what is kept of one turn in it.
SUMMARY_TOKENS, _TURN_TOKENS = 200, 30


def trimmed(history: Sequence[PastTurn], tokens: int) -> tuple[list[PastTurn], list[PastTurn]]:
    """The last turns that have so many tokens together, and those before them that fall out."""
    kept = len(history)
    while kept > 0:
        turn = history[kept - 1]
        tokens -= count_tokens(turn.user) + count_tokens(turn.answer)
        if tokens < 0:
            break
        kept -= 1
    return list(history[kept:]), list(history[:kept])


def summary_of(before: str, fallen_out: Sequence[PastTurn]) -> str:
    """The running summary: a line for each turn, of its customer's first words and the answer's; the oldest go when it gets long.

    It is drawn out of what was said: a model that sums up would cost every turn a second answer, and may make things up.
    """
    lines = before.splitlines()
    for turn in fallen_out:
        line = f"- {_first(turn.user)} → {_first(turn.answer)}"
        if line not in lines:  # a turn that fell out before travels along for some time
            lines.append(line)
    while lines and sum(map(count_tokens, lines)) > SUMMARY_TOKENS:
        del lines[0]
    return "\n".join(lines)


def _first(text: str) -> str:
    """The first sentence, cut to its first words."""
    spans = sentences(text)
    first = text[spans[0][0] : spans[0][1]] if spans else ""
    while count_tokens(first) > _TURN_TOKENS:
        shorter = first[: len(first) * 3 // 4].rstrip()
        first = shorter.rstrip("…") + "…"
    return first
