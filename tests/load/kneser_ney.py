"""What counting can do at its best: a trigram with interpolated Kneser-Ney smoothing, over the tokens of a model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from services.training.writing.likelihood import NOTHING, Surprise
from services.training.writing.token_sequences import TokenSequence

_Gram = tuple[int, ...]


class _Order:
    """Grams of one length, discounted by ``n1 / (n1 + 2 n2)`` (Ney, Essen and Kneser 1994)."""

    def __init__(self, grams: Counter[_Gram]) -> None:
        self._grams = grams
        self._seen: Counter[_Gram] = Counter()
        self._kinds: Counter[_Gram] = Counter()
        for gram, count in grams.items():
            self._seen[gram[:-1]] += count
            self._kinds[gram[:-1]] += 1
        once, twice = (sum(count == number for count in grams.values()) for number in (1, 2))
        self._discount = once / (once + 2 * twice) if once else 0.0

    def mixed(self, gram: _Gram, lower: float) -> float:
        """The probability of a gram's last token behind the others, where the order below gives ``lower``."""
        seen = self._seen[gram[:-1]]
        if not seen:
            return lower
        kept = max(self._grams[gram] - self._discount, 0.0)
        return (kept + self._discount * self._kinds[gram[:-1]] * lower) / seen


class KneserNey:
    """Orders 3 to 0; those below the highest count in how many contexts a gram stands (Kneser and Ney 1995; Chen and Goodman 1999).

    Args:
        sequences: What is counted.
        vocabulary: How many tokens there are; each is as likely as any other where nothing was seen.
    """

    def __init__(self, sequences: Iterable[TokenSequence], vocabulary: int) -> None:
        self._vocabulary = vocabulary
        trigrams: Counter[_Gram] = Counter()
        openings: Counter[_Gram] = Counter()
        for one in sequences:
            trigrams.update(zip(one.ids, one.ids[1:], one.ids[2:], strict=False))
            openings[one.ids[:2]] += 1  # no token stands before it, so that no trigram ends with it
        bigrams = Counter(gram[1:] for gram in trigrams)
        bigrams.update(openings.keys())
        unigrams = Counter(gram[1:] for gram in bigrams)
        self._orders = [_Order(grams) for grams in (unigrams, bigrams, trigrams)]

    def probability(self, context: _Gram, token: int) -> float:
        """Of a token behind at most two others."""
        found = 1 / self._vocabulary
        for length, order in enumerate(self._orders[: len(context) + 1]):
            found = order.mixed((*context[len(context) - length :], token), found)
        return found

    def surprise(self, sequences: Sequence[TokenSequence]) -> Surprise:
        """What it makes of the learned tokens of some texts."""
        found = NOTHING
        for one in sequences:
            told = [
                math.log(self.probability(one.ids[max(0, place - 2) : place], one.ids[place])) for place in one.learned
            ]
            found += Surprise(-sum(told), len(one.learned), one.size)
        return found
