"""A long sound is heard piece by piece; who dies in the middle of a piece costs that piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.media import SegmentTranscribed, SoundTranscribed, SpokenSegment, TranscribeSound
from shared.contracts.message import Message
from shared.errors import Unavailable
from shared.messaging.consuming.handlers import Emitter, StreamHandlers
from shared.messaging.consuming.stream_consumer import StreamConsumer
from shared.messaging.topology import Queues
from tests.unit.gateway.platform import Platform, running_platform

#: Pieces of the sound: where each begins, and its words with when they end.
PIECES: dict[float, tuple[tuple[str, float], ...]] = {
    0.0: (("one", 4.0), ("two", 9.0)),
    10.0: (("three", 14.0), ("four", 19.0)),
    20.0: (("five", 24.0),),
}


class Listener:
    """Hears what ``PIECES`` says, and dies as often as it is told to after a word."""

    def __init__(self) -> None:
        self.asked: list[TranscribeSound] = []
        self.dies_after: list[str] = []
        self.is_broken_from = 99.0

    def hear(self, message: Message, emitter: Emitter) -> None:
        assert isinstance(message, TranscribeSound)
        self.asked.append(message)
        if message.since >= self.is_broken_from:
            emitter.fail(Unavailable("it died"))
            return
        begin = max(start for start in PIECES if start <= message.since)
        for word, end in PIECES[begin]:
            if end <= message.since:
                continue
            segment = SpokenSegment(
                id=0,
                start=end - 1,
                end=end,
                text=word,
                avg_logprob=-0.1,
                no_speech_prob=0.0,
                compression_ratio=1.0,
                temperature=0.0,
            )
            emitter.send(SegmentTranscribed(segment=segment))
            if word in self.dies_after:
                self.dies_after.remove(word)
                emitter.fail(Unavailable("it died"))
                return
        more = next((start for start in PIECES if start > begin), None)
        emitter.finish(SoundTranscribed(language="de", duration=25.0, model="m", more_from=more))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, Listener]]:
    listener = Listener()
    with ExitStack() as stack:
        platform = stack.enter_context(running_platform(Path(tmp_path_factory.mktemp("sounds"))))
        publisher = stack.enter_context(platform.bus.publisher())
        handlers: StreamHandlers = {TranscribeSound: listener.hear}
        stack.enter_context(StreamConsumer(platform.bus, Queues.SOUNDS, handlers, publisher=publisher))
        yield platform, listener


@pytest.fixture
def listening(heard: tuple[Platform, Listener]) -> tuple[Platform, Listener]:
    heard[1].asked.clear()
    heard[1].dies_after.clear()
    heard[1].is_broken_from = 99.0
    return heard


def _transcribed(platform: Platform, **form: str) -> Any:
    with platform.http() as http:
        return http.post("/v1/audio/transcriptions", data={"model": "whisper-1"} | form, files={"file": b"sound"})


def test_pieces_are_asked_for_one_after_the_other_in_the_language_of_the_first(
    listening: tuple[Platform, Listener],
) -> None:
    platform, listener = listening
    told = _transcribed(platform, response_format="verbose_json").raise_for_status().json()
    assert told["text"] == "one two three four five"
    assert (told["language"], told["duration"]) == ("de", 25.0)
    assert [(one["id"], one["end"]) for one in told["segments"]] == [
        (0, 4.0),
        (1, 9.0),
        (2, 14.0),
        (3, 19.0),
        (4, 24.0),
    ]
    assert [(one.since, one.language) for one in listener.asked] == [(0.0, None), (10.0, "de"), (20.0, "de")]


@pytest.mark.parametrize("stream", ["false", "true"])
def test_who_dies_costs_what_was_not_heard_of_the_piece(stream: str, listening: tuple[Platform, Listener]) -> None:
    platform, listener = listening
    listener.dies_after = ["three", "five"]
    answer = _transcribed(platform, stream=stream).raise_for_status()
    if stream == "true":
        frames = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
        text = "".join(frame["delta"] for frame in frames if frame["type"] == "transcript.text.delta")
        assert text == frames[-1]["text"]
    else:
        text = answer.json()["text"]
    assert text == "one two three four five"
    assert [one.since for one in listener.asked] == [0.0, 10.0, 14.0, 20.0, 24.0]


def test_a_piece_that_is_never_heard_ends_the_request(listening: tuple[Platform, Listener]) -> None:
    platform, listener = listening
    listener.is_broken_from = 10.0
    answer = _transcribed(platform)
    assert answer.status_code == 503
    assert [one.since for one in listener.asked] == [0.0, 10.0, 10.0, 10.0]
    assert [*(platform.settings.home / "artifacts").glob("media/*")] == [], "the sound is not kept"
