"""What counting words can do: a smoothed trigram over the tokens of a model, the figure that a language model has to beat."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from services.training.writing.likelihood import NOTHING, Surprise
from services.training.writing.token_sequences import TokenSequence

_Gram = tuple[int, ...]


class Trigram:
    """Interpolates orders 3 to 0 by how often a context was seen, and with how many words behind it (Witten and Bell 1991).

    Args:
        sequences: What is counted.
        vocabulary: How many tokens there are; each is as likely as any other where nothing was seen.
    """

    def __init__(self, sequences: Sequence[TokenSequence], vocabulary: int) -> None:
        self._vocabulary = vocabulary
        self._grams: Counter[_Gram] = Counter()
        for one in sequences:
            for order in range(3):
                self._grams.update(one.ids[at : at + order + 1] for at in range(len(one.ids) - order))
        self._seen: Counter[_Gram] = Counter()
        self._kinds: Counter[_Gram] = Counter()
        for gram, count in self._grams.items():
            self._seen[gram[:-1]] += count
            self._kinds[gram[:-1]] += 1

    def probability(self, context: _Gram, token: int) -> float:
        """Of a token behind at most two others."""
        found = 1 / self._vocabulary
        for order in range(min(2, len(context)) + 1):
            before = context[len(context) - order :]
            seen, kinds = self._seen[before], self._kinds[before]
            if seen:
                found = (self._grams[(*before, token)] + kinds * found) / (seen + kinds)
        return found

    def surprise(self, sequences: Sequence[TokenSequence]) -> Surprise:
        """What it makes of some texts."""
        found = NOTHING
        for one in sequences:
            told = [
                math.log(self.probability(one.ids[max(0, place - 2) : place], one.ids[place])) for place in one.learned
            ]
            found += Surprise(-sum(told), len(one.learned), one.size)
        return found
