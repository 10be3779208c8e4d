"""What happens to a batch between receiving and settling it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from shared.contracts.message import Exchange, Message
from shared.errors import DeadlineExceeded, NoBot, NoModel, TooManyRequests, Unavailable, UndecodableMessage, reason_of
from shared.messaging.bus import Publisher
from shared.messaging.dead_letters import Mask, dead_letter
from shared.messaging.envelope import Envelope
from shared.messaging.failures import failed_reply
from shared.messaging.handlers import Handlers
from shared.messaging.parcel import Parcel, pack
from shared.messaging.task import Task
from shared.telemetry import logs, metrics
from shared.telemetry.correlation import bound, new_correlation_id

_log = logs.get(__name__)


class Handling:
    """Takes tasks as far as they go.

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

    def work(self, tasks: Sequence[Task]) -> list[Task]:
        """Handle them by type, then send everything at once; returns those that are finished, the others are postponed.

        Raises:
            BaseException: A handler raised what is no ``Exception``; nothing was sent for this batch.
        """
        groups: dict[type[Message], list[tuple[Task, Envelope]]] = {}
        for task in tasks:
            if task.outbox is None and (opened := self._open(task)):
                groups.setdefault(type(opened.message), []).append((task, opened))
        for kind, group in groups.items():
            self._handle(kind, group)
        finished = self._send([task for task in tasks if task.outbox is not None])
        for (kind_name, outcome), number in Counter(map(_kind_and_outcome, finished)).items():
            metrics.MESSAGES_HANDLED.labels(self._queue, kind_name, outcome).inc(number)
        return finished

    def _open(self, task: Task) -> Envelope | None:
        """Decode; ``None`` if there is nothing to handle, and then the task knows what to send."""
        try:
            task.envelope = task.envelope or task.delivery.decode()
        except UndecodableMessage as error:
            self._give_up(task, error, "undecodable")
            return None
        if type(task.envelope.message) not in self._handlers:
            unknown = UndecodableMessage(f"nobody handles {task.parcel.type} from {self._queue}", param="type")
            self._give_up(task, unknown, "undecodable")
            return None
        if not task.parcel.durable and task.parcel.expired(self._clock()):
            self._give_up(task, task.error or DeadlineExceeded(f"{self._queue} did not get to it in time"), "expired")
            return None
        return task.envelope

    def _handle(self, kind: type[Message], group: Sequence[tuple[Task, Envelope]]) -> None:
        # Of several messages none may lend its id to what a handler logs or publishes for all of them.
        correlation_id = group[0][1].correlation_id if len(group) == 1 else new_correlation_id()
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
        else:
            for (task, _), outbox in zip(group, outboxes, strict=True):
                task.outbox = outbox

    def _give_up(self, task: Task, error: Exception, outcome: str) -> None:
        """Let the outbox say why: to the caller if there is one, and to the dead letters if the message must be kept."""
        parcel, task.outcome, task.outbox = task.parcel, outcome, []
        if parcel.reply_to is not None:
            task.outbox.append(failed_reply(parcel, error))
        kept = parcel.durable or outcome == "undecodable" or (outcome == "failed" and parcel.reply_to is None)
        if kept:
            letter = dead_letter(parcel, self._queue, error, self._mask)
            task.outbox.append(letter)
            metrics.DEAD_LETTERS.labels(self._queue, letter.headers["code"]).inc()
        # Whoever asks is told, readiness too: a probe a second would fill the log of a platform that waits for its first model.
        tell = _log.debug if isinstance(error, NoModel | NoBot) else _log.warning
        with bound(parcel.correlation_id):
            tell(
                "message not handled",
                queue=self._queue,
                type=parcel.type,
                message_id=parcel.message_id,
                outcome=outcome,
                reason=reason_of(error),
                dead_letter=kept,
            )

    def _send(self, tasks: Sequence[Task]) -> list[Task]:
        parcels = [parcel for task in tasks for parcel in task.outbox or ()]
        try:
            if parcels:
                self._publisher.send(parcels)
        except (TooManyRequests, Unavailable) as error:
            if isinstance(error, TooManyRequests) and len(tasks) > 1:
                return [sent for task in tasks for sent in self._send([task])]
            return [task for task in tasks if not task.postpone(error, self._clock()) and self._excuse(task, error)]
        return list(tasks)

    def _excuse(self, task: Task, error: Exception) -> bool:
        """The outbox can not be sent in time: try to tell the caller. Always true, since nothing is left to do then."""
        task.outcome = "unsent"
        try:
            if task.parcel.reply_to is not None:
                self._publisher.send([failed_reply(task.parcel, error)])
        except (TooManyRequests, Unavailable):
            _log.warning("caller not told", queue=self._queue, message_id=task.parcel.message_id)
        return True


def _kind_and_outcome(task: Task) -> tuple[str, str]:
    return task.envelope.message.TYPE if task.envelope else "unknown", task.outcome


def _packed(opened: Envelope, answer: Message | None) -> list[Parcel]:
    if answer is None or (answer.ROUTE.exchange is Exchange.REPLY and opened.reply_to is None):
        return []
    return [pack(opened.answered_by(answer))]
