"""What happens to a batch between receiving and settling it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from shared.contracts.message import Exchange, Message
from shared.errors import DeadlineExceeded, NoBot, NoModel, TooManyRequests, Unavailable, UndecodableMessage, reason_of
from shared.messaging.bus import Publisher
from shared.messaging.consuming.dead_letters import Mask, dead_letter
from shared.messaging.consuming.failures import failed_reply
from shared.messaging.consuming.handlers import Handlers
from shared.messaging.consuming.in_flight import InFlight
from shared.messaging.encoded import EncodedMessage, pack
from shared.messaging.envelope import Envelope
from shared.telemetry import logs, metrics, tracing
from shared.telemetry.correlation import bound, new_correlation_id

_log = logs.get(__name__)


class Dispatcher:
    """Takes deliveries as far as they go.

    Args:
        queue: Where they come from, for logs, metrics and dead letters.
        handlers: Which handler each message type has.
        publisher: Sends answers, failures and dead letters.
        mask: Makes bodies fit for the dead letters.
        clock: Unix seconds.
    """

    def __init__(
        self, queue: str, handlers: Handlers, publisher: Publisher, mask: Mask, clock: Callable[[], float]
    ) -> None:
        self._queue = queue
        self._handlers = handlers
        self._publisher = publisher
        self._mask = mask
        self._clock = clock

    def work(self, in_flight: Sequence[InFlight]) -> list[InFlight]:
        """Handle them by type, then send everything at once; returns those that are finished, the others are postponed.

        Raises:
            BaseException: A handler raised what is no ``Exception``; nothing was sent for this batch.
        """
        groups: dict[type[Message], list[tuple[InFlight, Envelope]]] = {}
        for item in in_flight:
            if item.outbox is None and (opened := self._open(item)):
                groups.setdefault(type(opened.message), []).append((item, opened))
        for kind, group in groups.items():
            self._handle(kind, group)
        finished = self._send([item for item in in_flight if item.outbox is not None])
        for (kind_name, outcome), number in Counter(map(_kind_and_outcome, finished)).items():
            metrics.MESSAGES_HANDLED.labels(self._queue, kind_name, outcome).inc(number)
        return finished

    def _open(self, item: InFlight) -> Envelope | None:
        """Decode; ``None`` if there is nothing to handle, and then it knows what to send."""
        try:
            item.envelope = item.envelope or item.delivery.decode()
        except UndecodableMessage as error:
            self._give_up(item, error, "undecodable")
            return None
        if type(item.envelope.message) not in self._handlers:
            unknown = UndecodableMessage(f"nobody handles {item.encoded.type} from {self._queue}", param="type")
            self._give_up(item, unknown, "undecodable")
            return None
        if not item.encoded.durable and item.encoded.expired(self._clock()):
            self._give_up(item, item.error or DeadlineExceeded(f"{self._queue} did not get to it in time"), "expired")
            return None
        return item.envelope

    def _handle(self, kind: type[Message], group: Sequence[tuple[InFlight, Envelope]]) -> None:
        # Of several messages none may lend its id to what a handler logs or publishes for all of them.
        correlation_id = group[0][1].correlation_id if len(group) == 1 else new_correlation_id()
        began = time.time_ns()
        try:
            with bound(correlation_id):
                answers = self._handlers[kind]([opened.message for _, opened in group])
            outboxes = [_packed(opened, answer) for (_, opened), answer in zip(group, answers, strict=True)]
        except Exception as error:  # noqa: BLE001  # handlers may raise anything
            if len(group) > 1:
                for member in group:
                    self._handle(kind, [member])
            elif not group[0][0].postpone(error, self._clock()):
                self._give_up(group[0][0], error, "failed")
                self._trace(kind, group, began, failed=True)
        else:
            self._trace(kind, group, began)
            for (item, _), outbox in zip(group, outboxes, strict=True):
                item.outbox = outbox

    def _trace(
        self, kind: type[Message], group: Sequence[tuple[InFlight, Envelope]], began: int, *, failed: bool = False
    ) -> None:
        """Each message in the trace of its own request, though all were handled together."""
        if tracing.is_on():
            told: tracing.Attributes = {
                "messaging.destination.name": self._queue,
                "messaging.batch.message_count": len(group),
            }
            for _, opened in group:
                tracing.hop(f"{self._queue} {kind.TYPE}", opened.correlation_id, began, told, failed=failed)

    def _give_up(self, item: InFlight, error: Exception, outcome: str) -> None:
        """Let the outbox say why: to the caller if there is one, and to the dead letters if the message must be kept."""
        encoded, item.outcome, item.outbox = item.encoded, outcome, []
        if encoded.reply_to is not None:
            item.outbox.append(failed_reply(encoded, error))
        kept = encoded.durable or outcome == "undecodable" or (outcome == "failed" and encoded.reply_to is None)
        if kept:
            letter = dead_letter(encoded, self._queue, error, self._mask)
            item.outbox.append(letter)
            metrics.DEAD_LETTERS.labels(self._queue, letter.headers["code"]).inc()
        # Whoever asks is told, readiness too: a probe a second would fill the log of a platform that waits for its first model.
        tell = _log.debug if isinstance(error, NoModel | NoBot) else _log.warning
        with bound(encoded.correlation_id):
            tell(
                "message not handled",
                queue=self._queue,
                type=encoded.type,
                message_id=encoded.message_id,
                outcome=outcome,
                reason=reason_of(error),
                dead_letter=kept,
            )

    def _send(self, in_flight: Sequence[InFlight]) -> list[InFlight]:
        encoded_messages = [encoded for item in in_flight for encoded in item.outbox or ()]
        try:
            if encoded_messages:
                self._publisher.send(encoded_messages)
        except (TooManyRequests, Unavailable) as error:
            if isinstance(error, TooManyRequests) and len(in_flight) > 1:
                return [sent for item in in_flight for sent in self._send([item])]
            return [item for item in in_flight if not item.postpone(error, self._clock()) and self._excuse(item, error)]
        return list(in_flight)

    def _excuse(self, item: InFlight, error: Exception) -> bool:
        """The outbox can not be sent in time: try to tell the caller. Always true, since nothing is left to do then."""
        item.outcome = "unsent"
        try:
            if item.encoded.reply_to is not None:
                self._publisher.send([failed_reply(item.encoded, error)])
        except (TooManyRequests, Unavailable):
            _log.warning("caller not told", queue=self._queue, message_id=item.encoded.message_id)
        return True


def _kind_and_outcome(item: InFlight) -> tuple[str, str]:
    return item.envelope.message.TYPE if item.envelope else "unknown", item.outcome


def _packed(opened: Envelope, answer: Message | None) -> list[EncodedMessage]:
    if answer is None or (answer.ROUTE.exchange is Exchange.REPLY and opened.reply_to is None):
        return []
    return [pack(opened.answered_by(answer))]
