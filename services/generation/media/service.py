"""Reads what customers send along, in threads of its own: each file in a process that ends with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from services.generation.media.reading import reading
from services.generation.media.speech import spoken
from services.generation.media.unreadable import Unreadable
from shared.artifacts.layout import media_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.media import (
    Attachment,
    PictureRead,
    ReadPicture,
    SegmentTranscribed,
    SoundTranscribed,
    SpeakText,
    SpokenSegment,
    TextSpoken,
    TranscribeSound,
)
from shared.contracts.message import Message
from shared.errors import InvalidInput, Unavailable
from shared.messaging.consuming.handlers import Emitter, StreamHandlers
from shared.settings import SpeechEngine
from shared.storage.database.identity import new_id

#: Bytes of a picture.
PICTURE_BYTES = 16 * 1024 * 1024
#: Bytes of a sound.
SOUND_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What a file may take.

    Attributes:
        picture_seconds: Reading a picture.
        sound_seconds: Writing down a piece of a sound, or speaking a text.
        longest: Seconds of a sound.
        piece: Seconds of a sound that are written down at once.
        voice_model: Folder of the model that writes speech down; ``None``: the packaged one.
        engines: That speak, by name.
    """

    picture_seconds: float = 60.0
    sound_seconds: float = 300.0
    longest: float = 3600.0
    piece: float = 120.0
    voice_model: str | None = None
    engines: Mapping[str, SpeechEngine] = field(default_factory=dict)


class MediaReader:
    """Stream handlers of what is to be read.

    Args:
        store: Where the files are.
        how: What they may take, and by whom they are read.
        threads: Files at once; more wait.
    """

    def __init__(self, store: ArtifactStore, how: MediaLimits, *, threads: int) -> None:
        self._store = store
        self._how = how
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="media")

    @property
    def handlers(self) -> StreamHandlers:
        """Which message is answered by what."""
        return {
            ReadPicture: self._begin(self._picture),
            TranscribeSound: self._begin(self._sound),
            SpeakText: self._begin(self._speech),
        }

    def close(self) -> None:
        """Files that wait fail, those under way go on to their end."""
        self._pool.shutdown(cancel_futures=True)

    def _begin(self, work: Callable[[Any, Emitter], Message]) -> Callable[[Any, Emitter], None]:
        def handle(message: Message, emitter: Emitter) -> None:
            try:
                self._pool.submit(self._answer, work, message, emitter)
            except RuntimeError:
                raise Unavailable("the service is shutting down; send it again") from None

        return handle

    def _answer(self, work: Callable[[Any, Emitter], Message], message: Message, emitter: Emitter) -> None:
        try:
            emitter.finish(work(message, emitter))
        except Unreadable as error:
            emitter.fail(InvalidInput(error.message, code=error.code))
        except Exception as error:  # noqa: BLE001  # whatever it is, the caller is told
            emitter.fail(error)

    def _picture(self, message: ReadPicture, _emitter: Emitter) -> PictureRead:
        with self._store.open(message.key) as file:
            *_, last = reading("picture", file, {}, seconds=self._how.picture_seconds, limit=PICTURE_BYTES)
        end = last["end"]
        attachment = Attachment.model_validate({"lines": end["lines"], "codes": end["codes"]})
        return PictureRead(width=end["width"], height=end["height"], attachment=attachment)

    def _sound(self, message: TranscribeSound, emitter: Emitter) -> SoundTranscribed:
        options = {
            **message.model_dump(include={"task", "language", "prompt", "temperature", "words", "since"}),
            "model": self._how.voice_model,
            "longest": self._how.longest,
            "piece": self._how.piece,
        }
        with self._store.open(message.key) as file:
            for told in reading("sound", file, options, seconds=self._how.sound_seconds, limit=SOUND_BYTES):
                if emitter.cancelled:
                    raise Unavailable("nobody waits for it any more")
                if "segment" in told:
                    emitter.send(SegmentTranscribed(segment=SpokenSegment.model_validate(told["segment"])))
        return SoundTranscribed.model_validate(told["end"])

    def _speech(self, message: SpeakText, _emitter: Emitter) -> TextSpoken:
        sound = spoken(self._how.engines, message, self._how.sound_seconds)
        key = media_key(new_id("media_"))
        self._store.put_stream(key, [sound], len(sound))
        return TextSpoken(key=key, format=message.format)
