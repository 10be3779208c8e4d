"""The loop for requests whose answers have many parts: take now, let the handler emit, settle when it has finished.

Handlers work in threads of their own and many at a time; this loop alone touches subscription and publisher. Whatever parts are
at hand go out in one write, and the requests that they end are settled in one acknowledgement. A request that is unsettled when
the process dies comes back to the queue.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from shared.contracts.streaming import StillWorking
from shared.errors import (
    DeadlineExceeded,
    NotFound,
    ParleyError,
    TooManyRequests,
    Unavailable,
    UndecodableMessage,
    reason_of,
)
from shared.messaging.bus import Bus, Delivery, Publisher, Subscription
from shared.messaging.consuming.dead_letters import Mask, dead_letter, mask_customer_text
from shared.messaging.consuming.emitter import Outbox, StreamEmitter
from shared.messaging.consuming.failures import failed_reply
from shared.messaging.consuming.handlers import StreamHandlers
from shared.messaging.consuming.loop import IDLE, QueueLoop
from shared.messaging.encoded import EncodedMessage
from shared.messaging.topology import QueueSpec
from shared.retrying import Backoff
from shared.telemetry import logs, metrics, tracing
from shared.telemetry.correlation import bound

#: Between two tries to send while the broker is away.
_BACKOFF = Backoff(first=0.05, longest=1.0)
#: Requests remembered that were cancelled before they came, and that were answered before the broker knew.
_REMEMBERED = 4096

_log = logs.get(__name__)


class StreamConsumer(QueueLoop):
    """Consumes one queue with stream handlers.

    Args:
        bus: Where the queue is.
        queue: What to consume.
        handlers: Which handler each message type has.
        publisher: Sends parts, failures and dead letters.
        limit: Requests that may be worked at at a time; more wait in the queue.
        heartbeat: Seconds after which a caller that heard nothing is told that its request is being worked at.
        mask: Makes bodies fit for the dead letters.
        clock: Unix seconds.
    """

    def __init__(
        self,
        bus: Bus,
        queue: QueueSpec,
        handlers: StreamHandlers,
        *,
        publisher: Publisher,
        limit: int = 64,
        heartbeat: float = 2.0,
        mask: Mask = mask_customer_text,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(bus, queue, limit)
        self._handlers = handlers
        self._publisher = publisher
        self._limit = limit
        self._heartbeat = heartbeat
        self._mask = mask
        self._clock = clock
        self._outbox = Outbox(self._wake)
        self._streams: dict[str, StreamEmitter] = {}
        """What is being worked at, by message id."""
        self._unsent: list[EncodedMessage] = []
        self._settled: list[Delivery] = []
        """What can be settled once ``_unsent`` is sent."""
        self._failures = 0
        self._answered: OrderedDict[str, None] = OrderedDict()
        """Message ids: after a reconnect the broker may bring again what was settled on the connection before."""
        self._unwanted: OrderedDict[str, None] = OrderedDict()
        """Request ids that were cancelled, perhaps before the request came."""

    def cancel(self, request_id: str) -> None:
        """Nobody wants this request answered any more, whether it is here, is yet to come, or is elsewhere. From any thread."""
        _remember(self._unwanted, request_id)
        for emitter in list(self._streams.values()):
            if emitter.request.request_id == request_id:
                emitter.cancel(_unwanted())

    def _consume(self, subscription: Subscription) -> None:
        while not self._stopping.is_set():
            deliveries = subscription.receive(self._limit, self._patience())
            for delivery in deliveries:
                self._take(delivery)
            self._look_at_clocks()
            self._flush(subscription)
        for emitter in self._streams.values():
            if emitter.begun:
                emitter.cancel(Unavailable("the service is shutting down; send the request again"))
        self._flush(subscription)
        self._abandon()

    def _abandon(self) -> None:
        """What nobody has heard of yet stays unsettled: another process answers it from the start."""
        streams, self._streams = list(self._streams.values()), {}
        for emitter in streams:
            emitter.cancel(Unavailable("the service is shutting down"))

    def _patience(self) -> float:
        if self._unsent:
            return _BACKOFF.pause(self._failures)
        if not self._streams:
            return IDLE
        now, monotonic = self._clock(), time.monotonic()
        until = [emitter.sent_at + self._heartbeat - monotonic for emitter in self._streams.values()]
        until += [each.request.deadline - now for each in self._streams.values() if each.request.deadline is not None]
        return max(0.0, min(until))

    def _take(self, delivery: Delivery) -> None:
        message_id = delivery.encoded.message_id
        if message_id in self._streams:
            # After a reconnect the broker brings again what is being worked at: go on, under its new receipt.
            self._streams[message_id].delivery = delivery
        elif message_id in self._answered:
            self._settled.append(delivery)
        else:
            self._begin(delivery)

    def _begin(self, delivery: Delivery) -> None:
        encoded = delivery.encoded
        try:
            request = delivery.decode()
            handle = self._handlers.get(type(request.message))
            if handle is None:
                raise UndecodableMessage(f"nobody handles {encoded.type} from {self._queue.name}", param="type")
            if encoded.expired(self._clock()):
                raise DeadlineExceeded(f"{self._queue.name} did not get to it in time")
        except ParleyError as error:
            self._refuse(delivery, error)
            return
        emitter = StreamEmitter(delivery, request, self._outbox, time.monotonic())
        self._streams[encoded.message_id] = emitter
        if request.request_id in self._unwanted:
            emitter.cancel(_unwanted())
            return
        with bound(request.correlation_id):
            try:
                handle(request.message, emitter)
            except Exception as error:  # noqa: BLE001  # handlers may raise anything
                _log.warning("message not handled", queue=self._queue.name, type=encoded.type, reason=reason_of(error))
                emitter.fail(error)

    def _refuse(self, delivery: Delivery, error: ParleyError) -> None:
        encoded = delivery.encoded
        outcome = "undecodable" if isinstance(error, UndecodableMessage) else "expired"
        with bound(encoded.correlation_id):
            _log.warning("message not handled", queue=self._queue.name, type=encoded.type, reason=reason_of(error))
        if encoded.reply_to is not None:
            self._unsent.append(failed_reply(encoded, error))
        if outcome == "undecodable":
            letter = dead_letter(encoded, self._queue.name, error, self._mask)
            self._unsent.append(letter)
            metrics.DEAD_LETTERS.labels(self._queue.name, letter.headers["code"]).inc()
        self._end(delivery, "unknown" if outcome == "undecodable" else encoded.type, outcome)

    def _end(self, delivery: Delivery, kind: str, outcome: str) -> None:
        self._settled.append(delivery)
        _remember(self._answered, delivery.encoded.message_id)
        metrics.MESSAGES_HANDLED.labels(self._queue.name, kind, outcome).inc()

    def _look_at_clocks(self) -> None:
        """End what is past its deadline, and tell callers who heard nothing for a while that work goes on."""
        now, monotonic = self._clock(), time.monotonic()
        for emitter in self._streams.values():
            if emitter.over or emitter.expire(now) or monotonic - emitter.sent_at < self._heartbeat:
                continue
            emitter.sent_at = monotonic
            if emitter.request.reply_to is not None and not self._unsent:
                self._unsent.append(emitter.sign_of_life(StillWorking()))

    def _flush(self, subscription: Subscription) -> None:
        """Send whatever is at hand in one go, then settle what it ended."""
        if self._failures and not self._send():
            return
        self._collect()
        if self._send():
            settled, self._settled = self._settled, []
            if settled:
                subscription.settle(settled)

    def _collect(self) -> None:
        monotonic = time.monotonic()
        for emitter in self._outbox.take():
            parts, over = emitter.collect()
            self._unsent += parts
            emitter.sent_at = monotonic
            if over and self._streams.pop(emitter.delivery.encoded.message_id, None) is not None:
                outcome = "cancelled" if emitter.cancelled else "handled"
                name, told = f"{self._queue.name} {emitter.request.message.TYPE}", {"parley.outcome": outcome}
                tracing.hop(name, emitter.request.correlation_id, emitter.began_at, told)
                self._end(emitter.delivery, emitter.request.message.TYPE, outcome)

    def _send(self) -> bool:
        try:
            if self._unsent:
                self._publisher.send(self._unsent)
        except (TooManyRequests, Unavailable) as error:
            if not self._failures:
                parts = len(self._unsent)
                _log.warning("parts wait to be sent", queue=self._queue.name, parts=parts, reason=error.message)
            self._failures += 1
            return False
        self._unsent, self._failures = [], 0
        return True

    def _wake(self) -> None:
        if self._subscription is not None:
            self._subscription.interrupt()


def _unwanted() -> ParleyError:
    return NotFound("the request was cancelled by its caller", code="request_cancelled")


def _remember(known: OrderedDict[str, None], name: str) -> None:
    known[name] = None
    while len(known) > _REMEMBERED:
        known.popitem(last=False)
