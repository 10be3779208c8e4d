"""Asking recommendation for items to offer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout

from shared.contracts.knowledge.recommendation import ItemsRecommended, RecommendItems
from shared.errors import DeadlineExceeded, Unavailable
from shared.messaging.requesting.requester import Requester
from shared.telemetry.correlation import correlation_id


def recommender(requester: Requester, timeout: float) -> Callable[[RecommendItems], ItemsRecommended]:
    """A way to recommendation that waits for the answer.

    Args:
        requester: For questions.
        timeout: Seconds that an answer may take.
    """

    def ask(wish: RecommendItems) -> ItemsRecommended:
        """What to offer; raises ``ParleyError`` if there is no such catalog, or nobody answers in time."""
        future = requester.submit(wish, timeout=timeout, correlation_id=correlation_id())
        try:
            answer = future.result(timeout + 1)
        except FutureTimeout:
            raise DeadlineExceeded("recommendation does not answer") from None
        if not isinstance(answer, ItemsRecommended):
            raise Unavailable(f"recommendation answered with {type(answer).__name__}; services must be of one version")
        return answer

    return ask
