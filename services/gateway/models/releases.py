"""Telling the inference services that another model or bot is in charge."""

from __future__ import annotations

from shared.contracts.message import Message
from shared.errors import TooManyRequests, Unavailable
from shared.messaging.bus import Publisher
from shared.messaging.envelope import envelope
from shared.telemetry import logs

log = logs.get(__name__)


class ReleasePublisher:
    """Publishes what the database has just been told. The database is the truth: whoever misses the message looks there."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def publish(self, release: Message) -> None:
        """Publish, after the commit. A broker that is away delays the change by seconds; it does not undo it."""
        try:
            self._publisher.publish([envelope(release)])
        except (Unavailable, TooManyRequests) as error:
            log.warning("release not told; services will see it in the database", reason=error.message)
