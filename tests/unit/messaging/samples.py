"""Small messages for the tests of the bus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from shared.contracts.chat.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.message import Exchange
from shared.contracts.monitoring.sentiment import AlertRaised, Observation, SentimentObserved
from shared.contracts.training.jobs import JobQueued, TrainingProgressed
from shared.messaging.bus import Delivery, Subscription
from shared.messaging.topology import Binding, QueueSpec


def analyze(*texts: str) -> AnalyzeText:
    """A request to nlu."""
    return AnalyzeText(texts=texts or ("hello",))


def analyzed(tokens: int = 1) -> TextAnalyzed:
    """A reply."""
    return TextAnalyzed(understandings=(), tokens=tokens)


def job(number: int = 1) -> JobQueued:
    """A durable wake-up."""
    return JobQueued(job_id=f"ftjob-{number}")


def alert(number: int = 1) -> AlertRaised:
    """A durable event."""
    return AlertRaised(alert_id=f"alert_{number}", state="firing", stream="chat", share=0.6, volume=30, at=1.0)


def observed(number: int = 1) -> SentimentObserved:
    """A durable event for monitoring."""
    observation = Observation(id=f"turn_{number}", stream="chat", intent="", sentiment="negative", occurred_at=1.0)
    return SentimentObserved(observations=(observation,))


def progress(step: int = 1) -> TrainingProgressed:
    """A transient event."""
    return TrainingProgressed(job_id="ftjob-1", status="running", step=step)


def drain(subscription: Subscription, count: int, seconds: float = 10.0) -> list[Delivery]:
    """Receive ``count`` messages, however they are split, and settle them; fewer if no more come."""
    got: list[Delivery] = []
    while len(got) < count and (some := subscription.receive(count - len(got), seconds)):
        subscription.settle(some)
        got += some
    return got


def texts(deliveries: Sequence[Delivery]) -> list[str]:
    """The first text of each request."""
    messages = [delivery.decode().message for delivery in deliveries]
    return [message.texts[0] for message in messages if isinstance(message, AnalyzeText)]


def events_queue(
    name: str, *, max_length: int = 10, drop_oldest: bool = False, message_ttl: float | None = None
) -> QueueSpec:
    """A queue of the test's own that receives alerts and progress, removed by the broker soon after."""
    bindings = (Binding(Exchange.EVENTS, "alert.raised"), Binding(Exchange.EVENTS, "training.progressed"))
    overflow: Literal["reject", "drop_oldest"] = "drop_oldest" if drop_oldest else "reject"
    return QueueSpec(name, bindings, max_length=max_length, overflow=overflow, message_ttl=message_ttl, expires=60.0)
