"""Answers of many parts on RabbitMQ; what happens to them when connections break."""

from __future__ import annotations

import time
from threading import Event

from shared.contracts.chat.generation import GenerateText
from shared.messaging.connect import connect
from shared.messaging.consuming.handlers import Emitter
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from tests.integration.proxy import proxied
from tests.unit.messaging.stream_contract import (
    StreamContract,
    answering,
    ask,
    end,
    in_thread,
    piece,
    stream,
    whole,
    words,
)
from tests.waiting import wait_for


class TestRabbitStreams(StreamContract):
    """All promises."""


def test_an_answer_outlives_a_broken_connection_of_the_process_that_makes_it(broker: str, prefix: str) -> None:
    cut = Event()
    begun: list[str | None] = []

    def count(request: GenerateText, emitter: Emitter) -> None:
        begun.append(request.prompt)
        for number in range(100):
            emitter.send(piece(f"{number},"))
            if number == 50:
                assert cut.wait(10)
        emitter.finish(end())

    with connect(broker, prefix=prefix) as bus, proxied(broker) as proxy, connect(proxy.url, prefix=prefix) as flaky:
        with answering(flaky, in_thread(count)), Requester(bus, "outage") as requester:
            answer = stream(requester, ask())
            parts = answer.receive(10)
            proxy.cut()
            time.sleep(0.3)
            cut.set()
            parts += whole(answer)
            assert words(parts) == "".join(f"{number}," for number in range(100))
            time.sleep(0.5)
        wait_for(lambda: bus.depth(Queues.LANGUAGE_MODELS) == 0, 10, "an empty queue")
        assert begun == ["hello"]
