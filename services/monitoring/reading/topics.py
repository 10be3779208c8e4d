"""The topic whose examples a text is nearest to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.contracts.monitoring.streams import Topic

#: Cosine below which a text is about none of the topics.
NEAR = 0.35


def examples_of(topics: Sequence[Topic]) -> list[tuple[str, str]]:
    """What each topic is like, its name included: ``(topic, text)``."""
    return [(topic.name, text) for topic in topics for text in (topic.name.replace("_", " "), *topic.examples)]


class Prototypes:
    """The mean direction of each topic's examples, as models of a few examples have them (Snell et al. 2017).

    Args:
        owners: The topic of each example.
        vectors: Of length 1, one for each example.
    """

    def __init__(self, owners: Sequence[str], vectors: Sequence[NDArray[np.float32]]) -> None:
        self._names = list(dict.fromkeys(owners))
        stacked = np.stack(vectors)
        means = [stacked[[owner == name for owner in owners]].mean(axis=0) for name in self._names]
        self._directions = np.stack([mean / max(float(np.linalg.norm(mean)), 1e-9) for mean in means])

    def nearest(self, vector: NDArray[np.float32]) -> str:
        """The topic of a text; empty if it is near none."""
        cosines = self._directions @ vector
        place = int(np.argmax(cosines))
        return self._names[place] if cosines[place] >= NEAR else ""
