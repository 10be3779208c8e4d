"""One delivery on its way through the consumer loop."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import NoBot, NoModel, ParleyError
from shared.messaging.bus import Delivery
from shared.messaging.envelope import Envelope
from shared.messaging.parcel import Parcel

#: Seconds before the first repetition; doubled each time.
_FIRST_PAUSE = 0.05
#: Longest pause in seconds while a caller waits.
_LONGEST_PAUSE_OF_REQUESTS = 0.5
#: Longest pause in seconds for what must be done however long it takes.
_LONGEST_PAUSE = 5.0


@dataclass(slots=True)
class Task:
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
    outbox: list[Parcel] | None = None
    outcome: str = "handled"
    attempts: int = 0
    due: float = 0.0
    error: Exception | None = None

    @property
    def parcel(self) -> Parcel:
        """What was received."""
        return self.delivery.parcel

    @property
    def must_succeed(self) -> bool:
        """Whether it is tried until it works: durable messages, and dead letters of any."""
        return self.parcel.durable or any(parcel.durable for parcel in self.outbox or ())

    def postpone(self, error: Exception, now: float) -> bool:
        """Try the step again later, if that can help anybody; says whether it will be."""
        if not (isinstance(error, ParleyError) and error.retryable):
            return False
        longest = _LONGEST_PAUSE if self.must_succeed else _LONGEST_PAUSE_OF_REQUESTS
        due = now + min(longest, _FIRST_PAUSE * 2 ** min(self.attempts, 10))
        if not (self.must_succeed or self._caller_waits(error, due)):
            return False
        self.attempts, self.due, self.error = self.attempts + 1, due, error
        return True

    def _caller_waits(self, error: Exception, until: float) -> bool:
        if isinstance(error, NoModel | NoBot):  # a person has to act first: the caller had better know at once
            return False
        return self.parcel.deadline is not None and until < self.parcel.deadline
