"""``/v1/audio``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.gateway.http.bodies.schemas import Body, Name, Reply
from shared.contracts.media import AudioFormat

MAX_TEXT = 4096
ResponseFormat = Literal["json", "text", "srt", "verbose_json", "vtt"]

#: What the official client's users name; all mean the model of the settings.
HEARERS = ("whisper-1", "gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "parley-voice")
SPEAKERS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "parley-voice")


class VoiceName(BaseModel):
    """A voice, named by its id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Name


class Speech(Body):
    """A text to be spoken.

    Attributes:
        model: A declared engine by its name; OpenAI's names mean the first one.
        voice: As the engine calls it.
        instructions: How to speak, for engines that heed it.
    """

    model: Name
    input: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    voice: Name | VoiceName = "default"
    response_format: AudioFormat = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    instructions: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    stream_format: Literal["audio"] | None = None

    @property
    def voice_name(self) -> str:
        """The voice, whichever way it was named."""
        return self.voice.id if isinstance(self.voice, VoiceName) else self.voice


class DurationUsage(Reply):
    """What was heard, in seconds."""

    type: Literal["duration"] = "duration"
    seconds: float


class Transcription(Reply):
    """What was said."""

    text: str
    usage: DurationUsage


class Word(Reply):
    """A word, and when it was spoken (seconds)."""

    word: str
    start: float
    end: float


class Segment(Reply):
    """A stretch of speech; positions in the file are counted in seconds."""

    id: int
    seek: int = 0
    start: float
    end: float
    text: str
    tokens: list[int] = Field(default_factory=list)
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class VerboseTranscription(Reply):
    """What was said, when, and how surely."""

    task: Literal["transcribe", "translate"]
    language: str
    duration: float
    text: str
    segments: list[Segment]
    words: list[Word] | None
    usage: DurationUsage


class TextDelta(Reply):
    """What was added to a transcript."""

    type: Literal["transcript.text.delta"] = "transcript.text.delta"
    delta: str


class TextDone(Reply):
    """The whole transcript."""

    type: Literal["transcript.text.done"] = "transcript.text.done"
    text: str
    usage: dict[str, Any]
