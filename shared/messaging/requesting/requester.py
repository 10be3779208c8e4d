"""Request and reply: the caller's end. Every future completes: with the reply, an error, or at its deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from threading import Thread
from types import TracebackType
from typing import Self

from shared.contracts.failure import MessageFailed
from shared.contracts.message import Message
from shared.errors import DeadlineExceeded, ParleyError, UndecodableMessage
from shared.messaging.bus import Bus, Delivery, Publisher, Subscription
from shared.messaging.consuming.failures import error_of
from shared.messaging.envelope import envelope
from shared.messaging.requesting.deadlines import Deadlines
from shared.messaging.requesting.pending import Pending
from shared.messaging.requesting.reply_stream import ReplyStream
from shared.messaging.requesting.streams import ReplyStreams
from shared.messaging.topology import Queues
from shared.telemetry import logs
from shared.telemetry.unique import unique_id

#: Replies taken at once.
_BATCH = 256
#: Seconds that the idle reply thread sleeps at most; a reply wakes it at once.
_IDLE = 300.0

_log = logs.get(__name__)


class Requester:
    """Sends requests and hands out futures of their replies; a context manager. Thread-safe.

    Args:
        bus: Where the services listen.
        instance: Names this process; the same name after a restart finds the same reply queue.
        limit: Requests that may wait at the same time, and again as many whose answers have many parts.
        silence: Seconds without a sign of life after which a process that answers in parts counts as dead; they give one
            every two seconds.
    """

    def __init__(self, bus: Bus, instance: str, *, limit: int = 1024, silence: float = 10.0) -> None:
        self._bus = bus
        self._queue = Queues.reply(instance)
        self._pending = Pending(limit)
        self._streams = ReplyStreams(limit)
        self._silence = silence
        self._stack = ExitStack()
        self._closing = False

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._publisher: Publisher = stack.enter_context(self._bus.publisher())
            subscription = stack.enter_context(self._bus.subscribe(self._queue, 4 * _BATCH))
            self._deadlines = Deadlines(self._expire)
            stack.callback(self._deadlines.close)
            replies = Thread(target=self._receive_replies, args=(subscription,), name="replies", daemon=True)
            stack.callback(self._stop_replies, replies, subscription)
            replies.start()
            stack.callback(self._pending.close)
            stack.callback(self._streams.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def submit(self, message: Message, *, timeout: float, correlation_id: str | None = None) -> Future[Message]:
        """Send a request and return at once.

        The future completes with the reply; with the error that the handler raised; with ``DeadlineExceeded`` after
        ``timeout`` seconds; or with ``Unavailable`` when this requester closes. Cancelling it forgets the request.

        Raises:
            TooManyRequests: Too many requests wait already, or the service's queue is full.
            Unavailable: The broker is away, or this requester is closed.
        """
        request_id, future = self._pending.add()
        request = envelope(
            message,
            correlation_id=correlation_id,
            reply_to=self._queue.name,
            deadline=time.time() + timeout,
            request_id=request_id,
        )
        try:
            self._publisher.publish([request])
        except ParleyError:
            future.cancel()
            raise
        self._deadlines.add(request_id, timeout)
        return future

    def stream(
        self,
        message: Message,
        *,
        timeout: float,
        cancelled: Callable[[str], Message],
        correlation_id: str | None = None,
    ) -> ReplyStream:
        """Send a request whose answer has many parts, and return at once.

        The stream ends with the last part, or with an error: what the handler raised, ``DeadlineExceeded`` after ``timeout``
        seconds, ``Unavailable`` when the process that answers dies or a part is lost, or when this requester closes.

        Args:
            message: The request.
            timeout: Seconds until the last part.
            cancelled: Makes, of the request's id, the event that tells whoever works at it to stop.
            correlation_id: See ``Envelope``.

        Raises:
            TooManyRequests: Too many answers are open already, or the service's queue is full.
            Unavailable: The broker is away, or this requester is closed.
        """
        request_id = unique_id()

        stream = ReplyStream(
            request_id,
            timeout,
            self._silence,
            done=lambda: self._streams.discard(request_id),
            abandoned=lambda: self._tell(cancelled(request_id)),
        )
        self._streams.add(stream)
        request = envelope(
            message,
            correlation_id=correlation_id,
            reply_to=self._queue.name,
            deadline=time.time() + timeout,
            request_id=request_id,
        )
        try:
            self._publisher.publish([request])
        except ParleyError:
            self._streams.discard(request_id)
            raise
        self._deadlines.add(request_id, min(timeout, self._silence))
        return stream

    def _tell(self, event: Message) -> None:
        try:
            self._publisher.publish([envelope(event)])
        except ParleyError as error:
            _log.warning("cancellation not sent", type=event.TYPE, reason=error.message)

    def _expire(self, request_id: str) -> None:
        if (stream := self._streams.get(request_id)) is not None:
            if (seconds := stream.look_at_clock()) is not None:
                self._deadlines.add(request_id, seconds)
            return
        self._pending.finish(request_id, DeadlineExceeded("no service answered in time; try again"))

    def _receive_replies(self, subscription: Subscription) -> None:
        while not self._closing:
            deliveries = subscription.receive(_BATCH, _IDLE)
            for delivery in deliveries:
                self._complete(delivery)
            subscription.settle(deliveries)

    def _complete(self, delivery: Delivery) -> None:
        request_id = delivery.encoded.request_id
        if request_id is None:
            _log.warning("reply to no request dropped", type=delivery.encoded.type)
            return
        stream = self._streams.get(request_id)
        try:
            reply = delivery.decode().message
        except UndecodableMessage as error:
            if stream is not None:
                stream.fail(error)
            self._pending.finish(request_id, error)
            return
        if stream is not None:
            stream.accept(reply, delivery.encoded.part)
        elif (
            delivery.encoded.part is None or delivery.encoded.part.last
        ):  # who waits for one reply gets the end of many parts
            self._pending.finish(request_id, error_of(reply) if isinstance(reply, MessageFailed) else reply)

    def _stop_replies(self, thread: Thread, subscription: Subscription) -> None:
        self._closing = True
        subscription.interrupt()
        thread.join()
