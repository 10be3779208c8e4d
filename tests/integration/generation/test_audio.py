"""Speech through the official client: written down, spoken, and as a turn of a chat."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import openai
import pytest

from shared.contracts.chat.turns import TurnReceived, TurnUnderstood
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import one_by_one
from shared.messaging.topology import Queues
from tests.integration.generation.knowledge_base import KnowledgeBase, knowledge_base
from tests.integration.places import KINDS, place
from tests.unit.dialogue.conversation import DESK
from tests.unit.gateway.echo import understand
from tests.unit.generation.media.speaking import needs_espeak, spoken
from tests.waiting import wait_for

pytestmark = needs_espeak

ENGINES = {"desk": {"command": ["espeak-ng", "--stdin", "--stdout", "-v", "{voice}"], "voices": ["en", "de"]}}
SAID = "Hello, where is my order? It should have arrived on Monday."


@pytest.fixture(scope="module", params=KINDS)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    def on_turn(turn: TurnReceived) -> TurnUnderstood:
        return TurnUnderstood(turn=turn, understanding=understand(turn.text))

    with ExitStack() as stack:
        where = stack.enter_context(place(request.param, tmp_path_factory.mktemp("audio")))
        bus = stack.enter_context(connect(where.broker_url, prefix=where.broker_prefix))
        publisher = stack.enter_context(bus.publisher())
        stack.enter_context(Consumer(bus, Queues.NLU, {TurnReceived: one_by_one(on_turn)}, publisher=publisher))
        platform = stack.enter_context(knowledge_base(where, (), reading=False, speech_engines=ENGINES))
        platform.client.post("/bots", body={"source": DESK}, cast_to=object)
        yield platform


def test_a_transcript_as_a_whole_and_as_it_is_written(base: KnowledgeBase) -> None:
    sound = ("said.wav", spoken(SAID))
    hear = base.client.audio.transcriptions.create
    verbose = hear(
        file=sound, model="whisper-1", response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert "where is my order" in verbose.text.lower()
    assert (verbose.language, verbose.duration > 2, bool(verbose.words), bool(verbose.segments)) == (
        "en",
        True,
        True,
        True,
    )
    events = list(hear(file=sound, model="whisper-1", stream=True))
    assert events[-1].type == "transcript.text.done"
    told = "".join(event.delta for event in events if event.type == "transcript.text.delta")
    assert told == events[-1].text


def test_what_cannot_be_heard_is_refused_by_name(base: KnowledgeBase) -> None:
    hear = base.client.audio.transcriptions.create
    with pytest.raises(openai.BadRequestError, match="no sound"):
        hear(file=("x.mp3", b"not a sound"), model="whisper-1")
    with pytest.raises(openai.BadRequestError, match="no sound"):
        list(hear(file=("x.mp3", b"not a sound"), model="whisper-1", stream=True))
    with pytest.raises(openai.NotFoundError):
        hear(file=("x.mp3", b"not a sound"), model="nobody")
    with pytest.raises(openai.BadRequestError, match="response_format"):
        hear(file=("x.mp3", b"not a sound"), model="whisper-1", response_format="docx")  # type: ignore[call-overload]


def test_a_text_is_spoken(base: KnowledgeBase) -> None:
    speak = base.client.audio.speech.create
    sound = speak(model="desk", voice="en", input=SAID, response_format="wav").content
    assert sound.startswith(b"RIFF")
    assert speak(model="tts-1", voice="de", input="Hallo", response_format="wav").content.startswith(b"RIFF")
    for wrong, reason in (
        ({"voice": "fr"}, "voices"),
        ({"response_format": "mp3"}, "makes wav"),
        ({"model": "nobody"}, "No speech engine"),
    ):
        asked: Any = {"model": "desk", "voice": "en", "input": "x", "response_format": "wav"} | wrong
        with pytest.raises(openai.APIStatusError, match=reason):
            speak(**asked)


def test_a_voice_message_is_a_turn_with_its_transcript(base: KnowledgeBase) -> None:
    """Nlu takes the first word for the intent: "hours" is answered by the bot file."""
    data = base64.b64encode(spoken("Hours. When do you open?")).decode()
    messages: Any = [
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]}
    ]
    wait_for(lambda: bool(base.client.get("/bots", cast_to=object)), 30, "the bot")
    said: Any = base.client.chat.completions.create(model="parley", messages=messages)
    path = f"/conversations/{said.parley['conversation_id']}/messages"
    stored: Any = base.client.get(path, cast_to=object)
    assert "when do you open" in stored["data"][0]["content"].lower()
    broken: Any = [
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}
    ]
    with pytest.raises(openai.BadRequestError, match="no sound"):
        base.client.chat.completions.create(model="parley", messages=broken)
