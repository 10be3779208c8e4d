"""One delivery on its way through the consumer loop."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import NoBot, NoModel, ParleyError
from shared.messaging.bus import Delivery
from shared.messaging.encoded import EncodedMessage
from shared.messaging.envelope import Envelope
from shared.retrying import Backoff

#: Between the tries of what a caller waits for.
_REQUEST = Backoff(first=0.05, longest=0.5)
#: Between the tries of what must be done however long it takes.
_DURABLE = Backoff(first=0.05, longest=5.0)


@dataclass(slots=True)
class InFlight:
    """A delivery, what is left to do for it, and when.

    First it is handled, which fills the outbox; then the outbox is sent, and the delivery can be settled. Either step
    can fail for the moment and be repeated without the other.

    Attributes:
        delivery: What was received.
        envelope: It decoded, or ``None`` if that was not possible.
        outbox: What remains to be sent; ``None`` while it is not handled.
        outcome: How it ended, for the metrics.
        attempts: Steps that failed.
        due: Unix seconds before which the next step is not tried.
        error: What went wrong last.
    """

    delivery: Delivery
    envelope: Envelope | None = None
    outbox: list[EncodedMessage] | None = None
    outcome: str = "handled"
    attempts: int = 0
    due: float = 0.0
    error: Exception | None = None

    @property
    def encoded(self) -> EncodedMessage:
        """What was received."""
        return self.delivery.encoded

    @property
    def must_succeed(self) -> bool:
        """Whether it is tried until it works: durable messages, and dead letters of any."""
        return self.encoded.durable or any(encoded.durable for encoded in self.outbox or ())

    def postpone(self, error: Exception, now: float) -> bool:
        """Try the step again later, if that can help anybody; says whether it will be."""
        if not (isinstance(error, ParleyError) and error.retryable):
            return False
        due = now + (_DURABLE if self.must_succeed else _REQUEST).pause(self.attempts)
        if not (self.must_succeed or self._caller_waits(error, due)):
            return False
        self.attempts, self.due, self.error = self.attempts + 1, due, error
        return True

    def _caller_waits(self, error: Exception, until: float) -> bool:
        if isinstance(error, NoModel | NoBot):  # a person has to act first: the caller had better know at once
            return False
        return self.encoded.deadline is not None and until < self.encoded.deadline
