"""What the gateway hears on the bus besides replies: news for those who watch."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.alerts.feed import EventHub
from services.gateway.alerts.objects import raised_event
from services.gateway.alerts.schemas import JobProgress
from services.gateway.http.bodies import sse
from services.gateway.responses.background import ResponseWorkers
from shared.contracts.chat.conversations import ConversationsChanged
from shared.contracts.chat.responses import ResponseQueued
from shared.contracts.monitoring.sentiment import AlertRaised
from shared.contracts.training.jobs import TrainingProgressed
from shared.messaging.consuming.handlers import Handlers, one_by_one


def build_handlers(events: EventHub, conversations: Sequence[EventHub]) -> Handlers:
    """The table of the feed queue.

    Args:
        events: Alerts and jobs, framed for those who watch them.
        conversations: Those who follow a conversation; its id is the topic.
    """

    def on_alert(raised: AlertRaised) -> None:
        events.publish(sse.frame(raised_event(raised), event="alert"))

    def on_progress(progress: TrainingProgressed) -> None:
        job = JobProgress(
            job_id=progress.job_id, status=progress.status, step=progress.step, total_steps=progress.total_steps
        )
        events.publish(sse.frame(job, event="job"))

    def on_conversations(changed: ConversationsChanged) -> None:
        for conversation_id in changed.conversation_ids:
            for hub in conversations:
                hub.publish(b"", conversation_id)

    return {
        AlertRaised: one_by_one(on_alert),
        TrainingProgressed: one_by_one(on_progress),
        ConversationsChanged: one_by_one(on_conversations),
    }


def build_response_handlers(workers: ResponseWorkers) -> Handlers:
    """The table of the queue of responses. The message is only a wake-up: workers look into the database."""

    def on_queued(_: ResponseQueued) -> None:
        workers.wake()

    return {ResponseQueued: one_by_one(on_queued)}
