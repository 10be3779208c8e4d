"""Pictures and sounds: asked of generation by the key of a stored file, read by a process that can be ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from shared.contracts.message import REPLY, Exchange, Message, Route, Value

SpeechTask = Literal["transcribe", "translate"]
AudioFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]


class PictureCode(Value):
    """A bar or QR code in a picture."""

    kind: str
    text: str


class Attachment(Value):
    """What was read in something that a customer has sent along: its words, never the customer's.

    Attributes:
        kind: What it was.
        lines: Of text, from top to bottom.
        codes: Bar and QR codes.
    """

    kind: Literal["picture"] = "picture"
    lines: tuple[str, ...] = ()
    codes: tuple[PictureCode, ...] = ()

    @property
    def text(self) -> str:
        """All that stands in it."""
        return "\n".join((*self.lines, *(code.text for code in self.codes)))


class ReadPicture(Message):
    """Read the text and the codes of a stored picture."""

    TYPE: ClassVar[str] = "picture.read"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "media")

    key: str
    """Where it is stored."""


class PictureRead(Message):
    """What stands in a picture."""

    TYPE: ClassVar[str] = "picture.was_read"
    ROUTE: ClassVar[Route] = REPLY

    width: int
    height: int
    attachment: Attachment


class SpokenWord(Value):
    """A word, and when it was spoken (seconds from the start)."""

    word: str
    start: float
    end: float


class SpokenSegment(Value):
    """A stretch of speech.

    Attributes:
        id: Its number, from 0.
        start: Seconds from the start.
        end: The same.
        text: What was said.
        avg_logprob: The mean log-probability of its tokens.
        no_speech_prob: How likely nobody speaks (0..1).
        compression_ratio: How much of it repeats itself.
        temperature: With which it was decoded.
        words: Where they were asked for.
    """

    id: int
    start: float
    end: float
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    temperature: float
    words: tuple[SpokenWord, ...] = ()


class TranscribeSound(Message):
    """Write down a piece of what is said in a stored sound. Answered by any number of ``SegmentTranscribed``, then ``SoundTranscribed``."""

    TYPE: ClassVar[str] = "sound.transcribe"
    VERSION: ClassVar[int] = 2
    ADDED: ClassVar[Mapping[str, int]] = {"since": 2}
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "media.sounds")

    key: str
    task: SpeechTask = "transcribe"
    language: str | None = None
    prompt: str | None = None
    temperature: float = 0.0
    words: bool = False
    since: float = 0.0
    """Seconds from the start of the sound at which the piece begins."""


class SegmentTranscribed(Message):
    """A stretch of speech, as soon as it is written down."""

    TYPE: ClassVar[str] = "sound.segment"
    ROUTE: ClassVar[Route] = REPLY

    segment: SpokenSegment


class SoundTranscribed(Message):
    """A piece of it was written down; without ``more_from``, the last one."""

    TYPE: ClassVar[str] = "sound.transcribed"
    VERSION: ClassVar[int] = 2
    ADDED: ClassVar[Mapping[str, int]] = {"more_from": 2}
    ROUTE: ClassVar[Route] = REPLY

    language: str
    duration: float
    """Seconds of the whole sound."""
    model: str
    more_from: float | None = None
    """Where the next piece begins."""


class SpeakText(Message):
    """Say a text through a declared engine."""

    TYPE: ClassVar[str] = "text.speak"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "media")

    text: str
    engine: str
    voice: str
    format: AudioFormat
    speed: float = 1.0
    instructions: str | None = None


class TextSpoken(Message):
    """The sound, stored under a key until it is fetched."""

    TYPE: ClassVar[str] = "text.spoken"
    ROUTE: ClassVar[Route] = REPLY

    key: str
    format: AudioFormat
