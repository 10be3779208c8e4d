"""``/v1/audio``: transcriptions, translations and speech."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, BinaryIO

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from services.gateway.audio.client import Transcript
from services.gateway.audio.form import SoundForm, opened_form
from services.gateway.audio.schemas import (
    SPEAKERS,
    DurationUsage,
    Segment,
    Speech,
    TextDelta,
    TextDone,
    Transcription,
    VerboseTranscription,
    Word,
)
from services.gateway.audio.subtitles import srt, vtt
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.bodies import multipart, sse
from services.gateway.http.errors import event_of
from services.gateway.http.router import resource
from services.gateway.state import AppState, State
from shared.contracts.media import SpeakText, SpeechTask
from shared.errors import InvalidInput, ParleyError
from shared.settings import speech_engine

router = resource("Audio")

_PIECE = 1024 * 1024
_FORM = multipart.described(
    ["file", "model"],
    {
        "file": {
            "type": "string",
            "format": "binary",
            "description": "WAV, MP3, M4A, OGG, FLAC or WebM.",
        },
        "model": {"type": "string"},
        "language": {"type": "string"},
        "prompt": {"type": "string"},
        "response_format": {"type": "string", "enum": ["json", "text", "srt", "verbose_json", "vtt"]},
        "temperature": {"type": "number", "minimum": 0, "maximum": 1},
        "stream": {"type": "boolean"},
        "timestamp_granularities[]": {
            "type": "array",
            "items": {"type": "string", "enum": ["word", "segment"]},
        },
    },
)
_SOUND: dict[int | str, dict[str, Any]] = {
    200: {"content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}
}
_TEXTS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/plain": {"schema": {"type": "string"}}, "text/event-stream": {"schema": {"type": "string"}}}
    }
}
_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


@router.post(
    "/audio/transcriptions", openapi_extra=_FORM, response_model=Transcription | VerboseTranscription, responses=_TEXTS
)
async def transcribe(request: Request, state: State, _caller: ChatCaller) -> Response:
    """Write down what is said, in its own language. With `stream` as it is written down."""
    return await _heard(request, state, "transcribe")


@router.post(
    "/audio/translations", openapi_extra=_FORM, response_model=Transcription | VerboseTranscription, responses=_TEXTS
)
async def translate(request: Request, state: State, _caller: ChatCaller) -> Response:
    """Write down in English what is said in another language."""
    return await _heard(request, state, "translate")


@router.post("/audio/speech", response_class=Response, responses=_SOUND)
async def speak(body: Speech, state: State, _caller: ChatCaller) -> Response:
    """Speak a text through an engine that the operator has declared."""
    engines = state.settings.speech_engines
    engine = next(iter(engines), body.model) if body.model in SPEAKERS else body.model
    speech_engine(engines, engine)  # here, and not only where it would speak: who asks for none waits for nobody
    sound = await state.audio.speak(
        SpeakText(
            text=body.input,
            engine=engine,
            voice=body.voice_name,
            format=body.response_format,
            speed=body.speed,
            instructions=body.instructions,
        )
    )
    return Response(sound, media_type=_TYPES[body.response_format])


async def _heard(request: Request, state: AppState, task: SpeechTask) -> Response:
    with state.uploads.place():
        async with opened_form(request) as (file, asked):
            key = await state.audio.keep(_pieces(file))
    if asked.stream:
        coming = _events(state, asked, key, task)
        first = await anext(coming)  # a file that cannot be heard has a status of its own
        return StreamingResponse(_after(first, coming), media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)
    transcript = Transcript()
    try:
        async for so_far in state.audio.hear(asked.question(key, task)):
            transcript = so_far
    finally:
        await state.audio.forget(key)
    return _shown(asked, transcript, task)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


async def _after(first: bytes, coming: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for frame in coming:
        yield frame


async def _events(state: AppState, asked: SoundForm, key: str, task: SpeechTask) -> AsyncIterator[bytes]:
    told, transcript = 0, Transcript()
    try:
        async for transcript in state.audio.hear(asked.question(key, task)):
            for one in transcript.segments[told:]:
                delta = TextDelta(delta=one.text if not told else f" {one.text}")
                told += 1
                yield sse.frame(delta)
            if transcript.end is None and not transcript.segments[told:]:
                yield sse.KEEP_ALIVE
    except ParleyError as error:
        if not told:
            raise
        yield sse.frame(event_of(error))
        return
    finally:
        await state.audio.forget(key)
    seconds = transcript.end.duration if transcript.end else 0.0
    yield sse.frame(TextDone(text=transcript.text, usage={"type": "duration", "seconds": seconds}))
    yield sse.DONE


def _shown(asked: SoundForm, transcript: Transcript, task: SpeechTask) -> Response:
    end, text = transcript.end, transcript.text
    if end is None:
        raise InvalidInput("Nothing was heard in the file.", param="file")
    if asked.response_format == "text":
        return PlainTextResponse(f"{text}\n")
    if asked.response_format in ("srt", "vtt"):
        return PlainTextResponse((srt if asked.response_format == "srt" else vtt)(transcript.segments))
    usage = DurationUsage(seconds=end.duration)
    if asked.response_format == "json":
        return _json(Transcription(text=text, usage=usage))
    words = [Word(**word.model_dump()) for one in transcript.segments for word in one.words]
    shown = VerboseTranscription(
        task=task,
        language=end.language,
        duration=end.duration,
        text=text,
        segments=[Segment(**one.model_dump(exclude={"words"})) for one in transcript.segments],
        words=words if "word" in asked.granularities else None,
        usage=usage,
    )
    return _json(shown)


def _json(reply: Transcription | VerboseTranscription) -> Response:
    return Response(reply.model_dump_json(), media_type="application/json")
