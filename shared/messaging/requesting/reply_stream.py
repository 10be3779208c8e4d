"""An answer of many parts as its caller sees it: in order, whole, bounded, and ended for certain."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Condition

from shared.contracts.failure import MessageFailed
from shared.contracts.message import Message
from shared.contracts.streaming import StillWorking
from shared.errors import DeadlineExceeded, ParleyError, TooManyRequests, Unavailable
from shared.messaging.consuming.failures import error_of
from shared.messaging.envelope import Part

#: Parts that may wait for the caller to take them; a caller that is so far behind is given up.
BACKLOG = 4096

_BEGAN_ANEW = "the process that was answering has ended; ask again"
_LOST = "a part of the answer was lost on the way; ask again"
_SILENT = "the process that was answering tells no more; ask again"
_TOO_SLOW = f"{BACKLOG} parts of the answer wait to be taken; take them faster"
_LATE = "the answer was not complete in time; ask for a shorter one, or try again"


class ReplyStream:
    """The parts of one answer, thread-safe. It is over when its last part was taken, or with an error.

    Args:
        request_id: Of the request.
        seconds: That the whole answer may take.
        silence: Seconds without a sign of life, once there was one, after which the answering process counts as dead.
        done: Is called once when nothing more is expected.
        abandoned: Is called after that if somebody may still be working at the answer.
    """

    def __init__(
        self, request_id: str, seconds: float, silence: float, done: Callable[[], None], abandoned: Callable[[], None]
    ) -> None:
        self.request_id = request_id
        self._deadline = time.monotonic() + seconds
        self._silence = silence
        self._done = done
        self._abandoned = abandoned
        self._changed = Condition()
        self._parts: deque[Message] = deque()
        self._error: ParleyError | None = None
        self._complete = False
        self._attempt: str | None = None
        self._expected = 0
        self._heard_at: float | None = None
        self._wake: Callable[[], None] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more comes, and all was taken."""
        return self._complete and not self._parts and self._error is None

    @property
    def ready(self) -> bool:
        """Whether ``take`` has something to give, or to raise."""
        return bool(self._parts) or self._error is not None

    def listen(self, wake: Callable[[], None]) -> None:
        """Call this, from any thread, whenever there is something to take."""
        with self._changed:
            self._wake = wake
            ready = bool(self._parts) or self._complete
        if ready:
            wake()

    def take(self) -> list[Message]:
        """What is at hand, the last part included; never waits.

        Raises:
            ParleyError: Why there is no more; told once all parts before it were taken.
        """
        with self._changed:
            return self._take()

    def receive(self, timeout: float) -> list[Message]:
        """Wait up to ``timeout`` seconds for something, then take what is at hand. Raises as ``take`` does."""
        with self._changed:
            self._changed.wait_for(lambda: self._parts or self._complete, timeout)
            return self._take()

    def cancel(self) -> None:
        """The caller does not want the rest; whoever works at it is told."""
        self._end(Unavailable("the request was cancelled"), working=True)

    def accept(self, message: Message, part: Part | None) -> None:
        """A reply came."""
        error = None
        with self._changed:
            if self._complete:
                return
            self._heard_at = time.monotonic()
            if part is not None:
                if part.stream == self._attempt and part.number < self._expected:
                    return  # sent twice, by a publisher that was cut off from the broker
                error = self._misplaced(part)
        if error is not None:
            self._end(error, working=True)
        elif isinstance(message, MessageFailed):
            self._end(error_of(message), working=False)
        elif not isinstance(message, StillWorking):
            self._add(message, last=part is None or part.last)

    def fail(self, error: ParleyError) -> None:
        """There will be no more."""
        self._end(error, working=True)

    def look_at_clock(self) -> float | None:
        """Fail if it is late or silent; returns the seconds after which to look again, ``None`` once it is complete."""
        now = time.monotonic()
        if self._complete:
            return None
        silent_at = float("inf") if self._heard_at is None else self._heard_at + self._silence
        if now >= self._deadline:
            self.fail(DeadlineExceeded(_LATE if self._heard_at else "no service answered in time; try again"))
        elif now >= silent_at:
            self.fail(Unavailable(_SILENT))
        else:
            # Somebody may begin to speak at any time, and fall silent then.
            return min(self._deadline, silent_at, now + self._silence) - now
        return None

    def _misplaced(self, part: Part) -> ParleyError | None:
        """Why this part cannot follow what came before. An attempt that follows one of which nothing came is welcome."""
        if part.stream != self._attempt:
            if self._expected:
                return Unavailable(_BEGAN_ANEW)
            self._attempt = part.stream
        return Unavailable(_LOST) if part.number > self._expected else None

    def _add(self, message: Message, *, last: bool) -> None:
        with self._changed:
            crowded = len(self._parts) >= BACKLOG
            if not crowded:
                self._parts.append(message)
                self._expected += 1
                if last:
                    self._complete = True
                self._changed.notify_all()
        if crowded:
            self._end(TooManyRequests(_TOO_SLOW), working=True)
            return
        if last:
            self._done()
        self._call()

    def _end(self, error: ParleyError, *, working: bool) -> None:
        with self._changed:
            if self._complete:
                return
            self._complete, self._error = True, error
            self._changed.notify_all()
        self._done()
        if working:
            self._abandoned()
        self._call()

    def _take(self) -> list[Message]:
        parts, self._parts = list(self._parts), deque()
        if not parts and self._error is not None:
            raise self._error
        return parts

    def _call(self) -> None:
        if self._wake is not None:
            self._wake()
