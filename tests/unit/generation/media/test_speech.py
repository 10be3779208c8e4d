"""Speech by declared engines: a command, and an endpoint."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from pydantic import ValidationError

from services.generation.media.speech import spoken
from shared.contracts.media import SpeakText
from shared.errors import DeadlineExceeded, InvalidInput, NotFound, Unavailable
from shared.settings import SpeechEngine
from tests.http_server import served

ECHO = "import sys; sys.stdout.write(repr(sys.argv[1:])); sys.stdout.write(sys.stdin.read())"
ASKED = SpeakText(text="Hello; rm -rf $HOME", engine="desk", voice="anna", format="wav", speed=1.25)


def command(*arguments: str, **more: object) -> dict[str, SpeechEngine]:
    return {"desk": SpeechEngine.model_validate({"command": [sys.executable, *arguments], **more})}


def test_a_command_gets_the_text_on_its_input_and_no_shell_sees_it() -> None:
    told = spoken(command("-c", ECHO, "--voice={voice}", "{speed}", "{format}"), ASKED, 20).decode()
    assert told == "['--voice=anna', '1.25', 'wav']Hello; rm -rf $HOME"


@pytest.mark.parametrize(
    ("engines", "changes", "error"),
    [
        ({}, {}, NotFound),
        (command("-c", ECHO), {"format": "mp3"}, InvalidInput),
        (command("-c", ECHO, voices=["bob"]), {}, InvalidInput),
        (command("-c", ECHO, "{voice}"), {"voice": "--output=/tmp/x"}, InvalidInput),
        (command("-c", "import sys; sys.exit(3)"), {}, Unavailable),
        (command("-c", ""), {}, Unavailable),
        ({"desk": SpeechEngine(command=("/nowhere/engine",))}, {}, Unavailable),
        ({"desk": SpeechEngine(url="http://127.0.0.1:9/v1")}, {}, Unavailable),
    ],
)
def test_what_cannot_be_spoken_is_told(
    engines: dict[str, SpeechEngine], changes: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        spoken(engines, ASKED.model_copy(update=changes), 20)


def test_an_engine_that_takes_too_long_is_ended() -> None:
    with pytest.raises(DeadlineExceeded):
        spoken(command("-c", "import time; time.sleep(60)"), ASKED, 0.5)


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[dict[str, object]]]]:
    asked: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append(body | {"path": self.path, "key": self.headers["authorization"]})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"RIFFsound")

    with served(Handler) as url:
        yield f"{url}/v1", asked


def test_an_endpoint_is_asked_as_the_convention_has_it(endpoint: tuple[str, list[dict[str, object]]]) -> None:
    url, asked = endpoint
    engine = SpeechEngine.model_validate({"url": url, "model": "tts-x", "key": "secret"})
    assert spoken({"desk": engine}, ASKED, 20) == b"RIFFsound"
    assert asked[0]["path"] == "/v1/audio/speech"
    assert (asked[0]["model"], asked[0]["voice"], asked[0]["speed"], asked[0]["key"]) == (
        "tts-x",
        "anna",
        1.25,
        "Bearer secret",
    )


def test_an_engine_is_one_thing() -> None:
    for wrong in ({}, {"url": "http://x/v1", "command": ["y"]}):
        with pytest.raises(ValidationError, match="either"):
            SpeechEngine.model_validate(wrong)
