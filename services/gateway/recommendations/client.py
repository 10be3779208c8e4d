"""Asking recommendation."""

from __future__ import annotations

import asyncio

from shared.contracts.knowledge.recommendation import CatalogChanged, ItemsRecommended, RecommendItems
from shared.errors import ParleyError, Unavailable
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.messaging.requesting.requester import Requester
from shared.telemetry import logs
from shared.telemetry.correlation import correlation_id

_log = logs.get(__name__)


class RecommendationClient:
    """The way to recommendation.

    Args:
        requester: For questions.
        publisher: For news.
        timeout: Seconds that an answer may take.
    """

    def __init__(self, requester: Requester, publisher: Publisher, timeout: float) -> None:
        self._requester = requester
        self._publisher = publisher
        self._timeout = timeout

    async def ask(self, question: RecommendItems) -> ItemsRecommended:
        """What to offer.

        Raises:
            NotFound: There is no such catalog or item.
            DeadlineExceeded: Nobody answered in time.
            TooManyRequests: Too many wait already.
        """
        future = self._requester.submit(question, timeout=self._timeout, correlation_id=correlation_id())
        answer = await asyncio.wrap_future(future)
        if not isinstance(answer, ItemsRecommended):
            raise Unavailable(f"recommendation answered with {type(answer).__name__}; services must be of one version")
        return answer

    def announce(self, news: CatalogChanged) -> None:
        """Tell of items that changed. If the broker is away nothing is lost: the next question looks into the database."""
        try:
            self._publisher.publish([envelope(news)])
        except ParleyError as error:
            _log.warning("news of a catalog could not be told", catalog=news.catalog, reason=error.message)
