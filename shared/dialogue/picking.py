"""Which of several things in a list: "the second one", "number 3", 第二个, the last one, or words that only one of them has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.dialogue.turn import Turn
from shared.dialogue.values.words import in_words

#: What stands beside a choice and says nothing.
_BESIDE = re.compile(
    r"the|one|ones|no|number|nr|item|please|i|i'd|i'll|i'm|take|want|like|would|choose|pick|prefer|option|it|is|make|that|this|then|let's|go|with|for|"
    r"yes|ok|okay|me|give|of|them|a|an|sounds|good|my|我|要|选|想要|请|吧"
)
_ORDINALS = {
    word: place
    for place, words in enumerate(
        (
            "1 1st first 一", "2 2nd second 二", "3 3rd third 三", "4 4th fourth 四", "5 5th fifth 五",
            "6 6th sixth 六", "7 7th seventh 七", "8 8th eighth 八", "9 9th ninth 九", "10 10th tenth 十",
        )
    )
    for word in words.split()
}  # fmt: skip
_CHINESE = re.compile(r"(?:我?要|选|我选|就)?第?([一二三四五六七八九十]|\d{1,2})(?:个|款|件|种|项)?(?:吧)?")
_LAST = frozenset(("last", "最后一个", "最后"))


def picked_place(turn: Turn, titles: Sequence[str], *, words: str | None = None) -> int | None:
    """The place from 0 of what a message chooses; ``None``: it chooses none, or not one alone.

    Args:
        turn: The message, and the bot whose own words for the first and the second count too.
        titles: What is in the list, as it is shown.
        words: What is left of the message (see ``in_words``), if not all of it is about the choice.
    """
    said = turn.words if words is None else in_words(words)
    rest = [word for word in said.split() if not _BESIDE.fullmatch(word)]
    place = _by_order(rest, len(titles))
    if place is not None:
        return place
    if words is None:
        signals = (turn.bot.control.first, turn.bot.control.second)
        for number, signal in enumerate(signals[: len(titles)]):
            if said in {in_words(phrase) for phrase in signal.words}:
                return number
    return _by_title(turn, said, rest, titles)


def _by_order(rest: Sequence[str], count: int) -> int | None:
    if len(rest) != 1:
        return None
    if rest[0] in _LAST:
        return count - 1
    match = _CHINESE.fullmatch(rest[0])
    place = _ORDINALS.get(match[1] if match else rest[0])
    return place if place is not None and place < count else None


def _by_title(turn: Turn, said: str, rest: Sequence[str], titles: Sequence[str]) -> int | None:
    """A title in full, or words of one alone, unless the message surely wants something else."""
    shown = [in_words(title) for title in titles]
    if said in shown:
        return shown.index(said)
    wants = turn.intent is not None and not turn.steers() and turn.confidence >= turn.bot.settings.act_confidence
    if wants or not rest:
        return None
    fitting = [place for place, title in enumerate(shown) if set(rest) <= set(title.split())]
    return fitting[0] if len(fitting) == 1 else None
