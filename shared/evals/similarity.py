"""How alike two texts are, 0..1. Chinese is cut into characters: the usual libraries take a sentence of it for one word, or for none.

The sources of the measures: BLEU (Papineni et al. 2002) of a sentence with counts raised by one from bigrams on (Lin and Och 2004),
GLEU (Wu et al. 2016, arXiv:1609.08144), ROUGE (Lin 2004) as F1, METEOR (Banerjee and Lavie 2005) on equal words.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

#: Characters of a text that are compared: the longest common part takes a step for each character of both.
MAX_COMPARED = 20_000

_TOKEN = re.compile(
    r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003ffff]|[^\W\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def tokens(text: str) -> list[str]:
    """Words in lower case, and each Chinese, Japanese or Korean character by itself."""
    return _TOKEN.findall(text[:MAX_COMPARED].lower())


def bleu(said: Sequence[str], wanted: Sequence[str]) -> float:
    """Precision of n-grams up to four, with a penalty for what is too short."""
    if not said or not wanted:
        return 0.0
    logs = []
    for n in range(1, min(4, len(said)) + 1):
        common, total = _common(said, wanted, n), len(said) - n + 1
        smoothed = (common + 1) / (total + 1) if n > 1 else common / total
        if not smoothed:
            return 0.0
        logs.append(math.log(smoothed))
    short = min(0.0, 1 - len(wanted) / len(said))
    return math.exp(short + sum(logs) / len(logs))


def gleu(said: Sequence[str], wanted: Sequence[str]) -> float:
    """The smaller of precision and recall of all n-grams up to four."""
    common = sum(_common(said, wanted, n) for n in range(1, 5))
    total = max(sum(max(0, len(text) - n + 1) for n in range(1, 5)) for text in (said, wanted))
    return common / total if total else 0.0


def rouge(said: Sequence[str], wanted: Sequence[str], n: int) -> float:
    """F1 of n-grams."""
    return _f1(_common(said, wanted, n), max(0, len(said) - n + 1), max(0, len(wanted) - n + 1))


def rouge_l(said: Sequence[str], wanted: Sequence[str]) -> float:
    """F1 of the longest common subsequence."""
    return _f1(longest_common(said, wanted), len(said), len(wanted))


def meteor(said: Sequence[str], wanted: Sequence[str]) -> float:
    """Recall before precision, with a penalty for words in another order."""
    pairs = _aligned(said, wanted)
    if not pairs:
        return 0.0
    chunks = 1 + sum(here[0] != before[0] + 1 or here[1] != before[1] + 1 for before, here in itertools.pairwise(pairs))
    precision, recall = len(pairs) / len(said), len(pairs) / len(wanted)
    mean = precision * recall / (0.9 * precision + 0.1 * recall)
    return mean * (1 - 0.5 * (chunks / len(pairs)) ** 3)


def fuzzy(said: str, wanted: str) -> float:
    """Twice the longest common subsequence of characters over both lengths."""
    if not said and not wanted:
        return 1.0
    return _f1(longest_common(said[:MAX_COMPARED], wanted[:MAX_COMPARED]), len(said), len(wanted))


def longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, a bit for each place of ``one`` (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, symbol in enumerate(one):
        places[symbol] = places.get(symbol, 0) | 1 << place
    full = (1 << len(one)) - 1
    row = full
    for symbol in other:
        matches = row & places.get(symbol, 0)
        row = (row + matches | row - matches) & full
    return len(one) - row.bit_count()


def _aligned(said: Sequence[str], wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Each word with the first equal one that nobody has, the one behind the last pair where that is equal."""
    free: dict[str, list[int]] = {}
    for place, word in enumerate(wanted):
        free.setdefault(word, []).append(place)
    pairs: list[tuple[int, int]] = []
    for place, word in enumerate(said):
        if left := free.get(word):
            following = pairs[-1][1] + 1 if pairs else -1
            pairs.append((place, left.pop(left.index(following) if following in left else 0)))
    return pairs


def _common(one: Sequence[str], other: Sequence[str], n: int) -> int:
    return (_grams(one, n) & _grams(other, n)).total()


def _grams(text: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(text[place : place + n]) for place in range(len(text) - n + 1))


def _f1(common: int, one: int, other: int) -> float:
    return 2 * common / (one + other) if one + other else 0.0


MEASURES: Mapping[str, Callable[[str, str], float]] = {
    "fuzzy_match": fuzzy,
    "bleu": lambda said, wanted: bleu(tokens(said), tokens(wanted)),
    "gleu": lambda said, wanted: gleu(tokens(said), tokens(wanted)),
    "meteor": lambda said, wanted: meteor(tokens(said), tokens(wanted)),
    "rouge_1": lambda said, wanted: rouge(tokens(said), tokens(wanted), 1),
    "rouge_2": lambda said, wanted: rouge(tokens(said), tokens(wanted), 2),
    "rouge_3": lambda said, wanted: rouge(tokens(said), tokens(wanted), 3),
    "rouge_4": lambda said, wanted: rouge(tokens(said), tokens(wanted), 4),
    "rouge_5": lambda said, wanted: rouge(tokens(said), tokens(wanted), 5),
    "rouge_l": lambda said, wanted: rouge_l(tokens(said), tokens(wanted)),
}
