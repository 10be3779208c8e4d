"""What models are asked is summed up by windows, and told until it arrives."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
import pytest

from services.nlu.handlers import build_handlers
from services.nlu.inputs import InputWatch
from services.nlu.named_models import NamedModels
from services.nlu.served_model import ServedModel
from shared.contracts.chat.turns import PROBE, TurnReceived
from shared.contracts.chat.understanding import OUT_OF_SCOPE, IntentScore, Understanding
from shared.contracts.monitoring.inputs import InputsObserved
from shared.errors import Unavailable
from shared.inference.fake import FakeReader
from shared.inference.predictor import Prediction
from shared.inference.reading import Reading
from shared.inference.slot import ModelSlot
from shared.messaging.envelope import Envelope
from shared.messaging.memory.bus import MemoryBus
from shared.messaging.topology import Queues
from tests.unit.messaging.samples import drain


class Clock:
    def __init__(self) -> None:
        self.now = 3000.0

    def __call__(self) -> float:
        return self.now


def reading(name: str, confidence: float, *vector: float) -> Reading:
    understanding = Understanding(model="m", intent=IntentScore(name=name, confidence=confidence))
    return Reading(understanding, np.array(vector, dtype=np.float32), 3)


def told(bus: MemoryBus, count: int) -> list[InputsObserved]:
    with bus.subscribe(Queues.MONITORING, 100) as subscription:
        deliveries = drain(subscription, count)
        subscription.settle(deliveries)
    messages = [delivery.decode().message for delivery in deliveries]
    return [message for message in messages if isinstance(message, InputsObserved)]


def test_sums_grow_within_a_window_and_begin_anew_with_the_next() -> None:
    bus, clock = MemoryBus(), Clock()
    with bus.publisher() as publisher:
        watch = InputWatch("p1", publisher, clock)
        watch.read("m", [reading("order", 0.95, 1.0, 0.0), reading(OUT_OF_SCOPE, 0.3, 0.0, 1.0)])
        watch.tell()
        watch.read("m", [reading("order", 1.0, 1.0, 0.0)])
        watch.tell()
        watch.tell()
        clock.now += 300
        watch.answered("other", [Prediction({"label": "a", "confidence": 0.55}, 3)])
        watch.answered("tags", [Prediction({"entities": []}, 3)])
        watch.tell()
        first, second, third = told(bus, 3)
    assert (first.start, first.texts, first.out_of_scope) == (3000, 2, 1)
    assert (second.start, second.texts, second.confidences) == (3000, 3, (0, 0, 0, 1, 0, 0, 0, 0, 0, 2))
    assert np.frombuffer(base64.b64decode(second.embedding), "<f4").tolist() == [2.0, 1.0]
    assert (third.model, third.start, third.texts, third.embedding) == ("other", 3300, 1, "")


def test_what_cannot_be_told_is_told_later() -> None:
    bus, away = MemoryBus(), [True]

    class Publisher:
        def publish(self, envelopes: Sequence[Envelope]) -> None:
            if away[0]:
                raise Unavailable("the message broker is away")
            with bus.publisher() as publisher:
                publisher.publish(envelopes)

        def send(self, encoded_messages: object) -> None:
            raise NotImplementedError

    watch = InputWatch("p1", Publisher(), Clock())
    watch.read("m", [reading("order", 0.9, 1.0)])
    watch.tell()
    away[0] = False
    watch.tell()
    assert [one.texts for one in told(bus, 1)] == [1]


def test_the_question_whether_all_is_ready_is_no_input() -> None:
    slot = ModelSlot("nlu")
    slot.swap(FakeReader("served", ["greet"], embedding_size=4))
    production = ServedModel(slot, "nlu", lambda: "served", lambda _: FakeReader("served", ["greet"]))
    bus = MemoryBus()
    named = NamedModels(lambda model: FakeReader(model, []), clock=lambda: 0.0)
    with bus.publisher() as publisher:
        watch = InputWatch("p1", publisher, Clock())
        handle = build_handlers(production, named, watch)[TurnReceived]
        for turn_id in (PROBE, "turn_1"):
            handle([TurnReceived(turn_id=turn_id, conversation_id="c", text="hello", received_at=1.0)])
        watch.tell()
        (found,) = told(bus, 1)
    named.close()
    assert found.texts == 1


@pytest.mark.parametrize("confidence", [0.0, 0.5, 1.0])
def test_every_confidence_has_its_step(confidence: float) -> None:
    bus = MemoryBus()
    with bus.publisher() as publisher:
        watch = InputWatch("p1", publisher, Clock())
        watch.read("m", [reading("a", confidence, 1.0)])
        watch.tell()
        (found,) = told(bus, 1)
    assert found.confidences[min(int(confidence * 10), 9)] == 1
