"""Whether passages carry an answer to a question, before anybody writes one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shared.contracts.knowledge.passages import Passage

#: Of a logistic curve over the nearness of a passage's vector to the question's and the share of the question's words in it. Set by hand:
#: ``python -m tests.load.grounding`` fits them on the training rows of three sets, which has not been done yet.
BIAS, SIMILARITY, COVERAGE = -4.0, 5.0, 3.0

#: What counts as the nearness of a passage without a vector: that of one which is neither near nor far.
_NO_VECTOR = 0.4


def support(passage: Passage) -> float:
    """How sure one may be that a passage answers the question that found it (0..1)."""
    similarity = _NO_VECTOR if passage.similarity is None else passage.similarity
    score = BIAS + SIMILARITY * similarity + COVERAGE * passage.coverage
    return 1 / (1 + math.exp(-score))


def best_support(passages: Sequence[Passage], *, judged: bool) -> float:
    """That of the passage that is surest; 0 without any.

    Args:
        passages: As a search found them.
        judged: Whether a ranking model gave the scores: it has read question and passage together, and its word counts instead.
    """
    return max((passage.score if judged else support(passage) for passage in passages), default=0.0)
