"""Answers of many parts on the bus in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.contracts.chat.generation import GenerateText
from shared.errors import TooManyRequests
from shared.messaging.bus import Bus
from shared.messaging.consuming.emitter import BACKLOG as EMITTERS_BACKLOG
from shared.messaging.consuming.handlers import Emitter
from shared.messaging.envelope import Part
from shared.messaging.memory.bus import MemoryBus
from shared.messaging.requesting import reply_stream
from shared.messaging.requesting.requester import Requester
from tests.unit.messaging.stream_contract import (
    StreamContract,
    answering,
    ask,
    error_of,
    in_thread,
    piece,
    stream,
)


class TestMemoryStreams(StreamContract):
    """All promises."""

    @pytest.fixture
    def bus(self) -> Iterator[Bus]:
        bus = MemoryBus()
        yield bus
        bus.close()

    def test_a_caller_that_takes_nothing_is_given_up(self, bus: Bus, requester: Requester) -> None:
        def flood(_request: GenerateText, emitter: Emitter) -> None:
            while not emitter.cancelled:
                emitter.send(piece("x"))

        with answering(bus, in_thread(flood)):
            answer = stream(requester, ask())
            while requester._streams.get(answer.request_id) is not None:
                pass
            said, error = error_of(answer)
        assert isinstance(error, TooManyRequests)
        assert len(said) <= max(reply_stream.BACKLOG, EMITTERS_BACKLOG)

    def test_the_limit_of_open_answers(self, bus: Bus) -> None:
        with Requester(bus, "few", limit=1) as requester:
            first = stream(requester, ask())
            with pytest.raises(TooManyRequests, match="1 answers"):
                stream(requester, ask())
            first.cancel()
            second = stream(requester, ask())
            heard: list[int] = []
            second.listen(lambda: heard.append(1))
            second.cancel()
            assert heard == [1]


@pytest.mark.parametrize("part", [Part("a", 0), Part("b", 12, last=True)])
def test_a_part_travels_as_a_header(part: Part) -> None:
    assert Part.parse(str(part)) == part


@pytest.mark.parametrize("text", ["", "a", "a/x/last", "a/-1/more", "/1/more", "a/1/perhaps", 7, "a/9999999999/more"])
def test_a_strangers_header_is_no_part(text: object) -> None:
    assert Part.parse(text) is None
