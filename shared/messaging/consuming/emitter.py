"""The way back to one caller whose answer has many parts, and the outbox of all of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from shared.contracts.message import Message
from shared.errors import DeadlineExceeded, ParleyError, TooManyRequests, reason_of
from shared.messaging.bus import Delivery
from shared.messaging.consuming.failures import failure_of
from shared.messaging.encoded import EncodedMessage, pack
from shared.messaging.envelope import Envelope, Part
from shared.telemetry import logs
from shared.telemetry.correlation import bound
from shared.telemetry.unique import unique_id

#: Parts of one answer that may wait to be sent, while the broker is away or takes them slowly; more end the answer.
BACKLOG = 4096

_log = logs.get(__name__)


class Outbox:
    """What emitters hand over from any thread, until the loop takes it.

    Args:
        wake: Is called when there is something to take, once until it was taken.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = Lock()
        self._waiting: list[StreamEmitter] = []

    def put(self, emitter: StreamEmitter) -> None:
        """This one has something."""
        with self._lock:
            first = not self._waiting
            self._waiting.append(emitter)
        if first:
            self._wake()

    def take(self) -> list[StreamEmitter]:
        """All that have something; each is to be collected."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        return waiting


class StreamEmitter:
    """See ``Emitter``.

    Args:
        delivery: The request as it came; another one after a reconnect, when the broker brings it again.
        request: It decoded.
        outbox: Is told when there is something to send.
        now: Seconds of the monotonic clock.
    """

    def __init__(self, delivery: Delivery, request: Envelope, outbox: Outbox, now: float) -> None:
        self.delivery = delivery
        self.request = request
        self.began_at = time.time_ns()
        """Nanoseconds of the Unix clock."""
        self.sent_at = now
        """When the caller heard of us last, seconds of the monotonic clock."""
        self._outbox = outbox
        self._lock = Lock()
        self._stream = unique_id()
        self._number = 0
        self._unsent: deque[tuple[Message, Part]] = deque()
        self._over = False
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """See ``Emitter``."""
        return self._cancelled

    @property
    def over(self) -> bool:
        """Whether its last part was handed over."""
        return self._over

    @property
    def begun(self) -> bool:
        """Whether any part was handed over."""
        return self._number > 0

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """See ``Emitter``."""
        with self._lock:
            now = self._cancelled
            if not now:
                self._callbacks.append(callback)
        if now:
            callback()

    def send(self, part: Message) -> None:
        """See ``Emitter``."""
        if len(self._unsent) < BACKLOG:
            self._put(part, last=False)
        elif not self._over:
            self.cancel(TooManyRequests(f"{BACKLOG} parts of the answer wait to be sent already; ask again later"))

    def finish(self, outcome: Message) -> None:
        """See ``Emitter``."""
        self._put(outcome, last=True)

    def fail(self, error: Exception) -> None:
        """See ``Emitter``."""
        if not self._over and not isinstance(error, ParleyError):
            with bound(self.request.correlation_id):
                _log.error("message not handled", type=self.request.message.TYPE, reason=reason_of(error))
        self._put(failure_of(error, self.request.message.TYPE), last=True)

    def cancel(self, reason: Exception) -> None:
        """Let handler and caller know that there will be no more."""
        self.fail(reason)
        with self._lock:
            already, self._cancelled = self._cancelled, True
            callbacks, self._callbacks = self._callbacks, []
        if not already:
            for callback in callbacks:
                callback()

    def expire(self, now: float) -> bool:
        """Cancel it if its deadline has passed; says whether it has."""
        deadline = self.request.deadline
        if deadline is None or now < deadline:
            return False
        self.cancel(DeadlineExceeded("the answer took longer than its caller waits"))
        return True

    def sign_of_life(self, message: Message) -> EncodedMessage:
        """Tells the caller that the answer is still being worked at, and how many parts it should have by now."""
        with self._lock:
            part = Part(self._stream, self._number - len(self._unsent))
        return pack(self.request.answered_by(message, part))

    def collect(self) -> tuple[list[EncodedMessage], bool]:
        """What has to be sent now, in order, and whether that is the end; nothing for a request without a caller."""
        with self._lock:
            parts, self._unsent = self._unsent, deque()
            over = self._over
        if self.request.reply_to is None:
            return [], over
        return [pack(self.request.answered_by(message, part)) for message, part in parts], over

    def _put(self, message: Message, *, last: bool) -> None:
        with self._lock:
            if self._over:
                return
            self._unsent.append((message, Part(self._stream, self._number, last)))
            self._number += 1
            self._over = last
            first = len(self._unsent) == 1
        if first or last:
            self._outbox.put(self)
