"""Speech through an engine that the operator has declared."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from tempfile import TemporaryFile

import httpx

from shared.contracts.media import SpeakText
from shared.errors import DeadlineExceeded, InvalidInput, Unavailable
from shared.settings import SpeechEngine, speech_engine

#: Bytes of a sound that an engine may make.
MAX_BYTES = 32 * 1024 * 1024
_SHOWN = 300


def spoken(engines: Mapping[str, SpeechEngine], request: SpeakText, seconds: float) -> bytes:
    """The sound of a text.

    Raises:
        NotFound: There is no such engine.
        InvalidInput: It has no such voice, or does not make that format.
        Unavailable: It is away, or made nothing.
        DeadlineExceeded: It takes too long.
    """
    engine = speech_engine(engines, request.engine)
    if request.format not in engine.formats:
        raise InvalidInput(
            f"{request.engine} makes {', '.join(engine.formats)}, not {request.format!r}.", param="response_format"
        )
    if engine.voices and request.voice not in engine.voices:
        raise InvalidInput(f"{request.engine} has the voices {', '.join(engine.voices)}.", param="voice")
    sound = _by_command(engine, request, seconds) if engine.command else _by_endpoint(engine, request, seconds)
    if not sound:
        raise Unavailable(f"the speech engine {request.engine!r} made no sound")
    return sound


def _by_command(engine: SpeechEngine, request: SpeakText, seconds: float) -> bytes:
    """The text goes to the standard input: nothing of a caller but the voice is ever an argument, and that is checked."""
    if request.voice.startswith("-"):
        raise InvalidInput("'voice' must not begin with '-'.", param="voice")
    values = {"voice": request.voice, "speed": f"{request.speed:g}", "format": request.format}
    arguments = [_filled(one, values) for one in engine.command]
    with TemporaryFile() as output:
        try:
            done = subprocess.run(
                arguments,
                input=request.text.encode(),
                stdout=output,
                stderr=subprocess.PIPE,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DeadlineExceeded(f"the speech engine takes longer than {seconds:.0f} s") from None
        except OSError as error:
            raise Unavailable(f"the speech engine cannot be started: {error.strerror}") from None
        if done.returncode:
            raise Unavailable(f"the speech engine ended with {done.returncode}")
        output.seek(0)
        return output.read(MAX_BYTES)


def _filled(argument: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        argument = argument.replace(f"{{{name}}}", value)
    return argument


def _by_endpoint(engine: SpeechEngine, request: SpeakText, seconds: float) -> bytes:
    body = {
        "model": engine.model,
        "input": request.text,
        "voice": request.voice,
        "response_format": request.format,
        "speed": request.speed,
        **({"instructions": request.instructions} if request.instructions else {}),
    }
    key = engine.key.get_secret_value() if engine.key else ""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with httpx.stream(
            "POST", f"{(engine.url or '').rstrip('/')}/audio/speech", json=body, headers=headers, timeout=seconds
        ) as reply:
            if reply.is_error:
                raise Unavailable(f"the speech engine answered {reply.status_code}: {reply.read()[:_SHOWN]!r}")
            sound = b""
            for piece in reply.iter_bytes():
                sound += piece
                if len(sound) > MAX_BYTES:
                    raise Unavailable("the speech engine made too much")
            return sound
    except httpx.TimeoutException:
        raise DeadlineExceeded(f"the speech engine takes longer than {seconds:.0f} s") from None
    except httpx.HTTPError as error:
        raise Unavailable(f"the speech engine is away ({type(error).__name__})") from None
