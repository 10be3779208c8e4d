"""The way to what hears and speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

from fastapi.concurrency import run_in_threadpool

from services.gateway.http.waiting import parts
from shared.artifacts.layout import media_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.chat.generation import GenerationCancelled
from shared.contracts.media import (
    SegmentTranscribed,
    SoundTranscribed,
    SpeakText,
    SpokenSegment,
    TextSpoken,
    TranscribeSound,
)
from shared.errors import InvalidInput, Unavailable
from shared.messaging.requesting.requester import Requester
from shared.storage.database.identity import new_id
from shared.telemetry import logs
from shared.telemetry.correlation import correlation_id

#: Seconds without a segment after which a sign of life is due.
PATIENCE = 5.0
#: How often a piece is asked for before it is given up, when who heard it has died.
_TRIES = 3

_log = logs.get(__name__)


@dataclass(slots=True)
class Transcript:
    """What was said.

    Attributes:
        segments: In their order.
        end: Language, duration and model; ``None`` while it is being written.
        heard: Seconds up to which it is written.
        language: Of the first piece that was written.
    """

    segments: list[SpokenSegment] = field(default_factory=list)
    end: SoundTranscribed | None = None
    heard: float = 0.0
    language: str | None = None

    def add(self, segments: Sequence[SpokenSegment], end: SoundTranscribed | None) -> None:
        """What was heard next; ``end`` is that of a piece, if it came."""
        for one in segments:
            self.segments.append(one.model_copy(update={"id": len(self.segments)}))
            self.heard = max(self.heard, one.end)
        if end is not None:
            self.language = self.language or end.language
            self.heard = end.duration if end.more_from is None else end.more_from
            self.end = end if end.more_from is None else None

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(one.text for one in self.segments if one.text)


class Audio:
    """Asks generation to hear and to speak.

    Args:
        requester: The way to it.
        store: Where sounds wait.
        timeout: Seconds that a piece of one may take.
        limit: Bytes of a sound.
    """

    def __init__(self, requester: Requester, store: ArtifactStore, timeout: float, limit: int) -> None:
        self._requester = requester
        self._store = store
        self._timeout = timeout
        self.limit = limit

    async def keep(self, content: Iterable[bytes]) -> str:
        """Store a sound until it has been heard; returns its key.

        Raises:
            InvalidInput: It is too large.
        """
        key = media_key(new_id("media_"))
        await run_in_threadpool(self._store.put_stream, key, content, self.limit)
        return key

    async def forget(self, key: str) -> None:
        """It has been heard."""
        await run_in_threadpool(self._store.delete, key)

    async def hear(self, question: TranscribeSound) -> AsyncIterator[Transcript]:
        """The transcript as it grows; after a while without anything, as it stands. The last one has an end.

        Raises:
            InvalidInput: The file cannot be heard.
            TooManyRequests: Too many wait already.
        """
        transcript, tries = Transcript(), 0
        while transcript.end is None:
            try:
                async for so_far in self._piece(question, transcript):
                    yield so_far
            except Unavailable as error:
                # What was written down of the piece is kept: it goes on behind that.
                tries += 1
                if tries == _TRIES:
                    raise
                _log.warning("a piece of a sound is heard again", since=transcript.heard, reason=error.message)
            else:
                tries = 0

    async def _piece(self, question: TranscribeSound, transcript: Transcript) -> AsyncIterator[Transcript]:
        """Hear what comes next, and add it to the transcript."""
        asked = question.model_copy(
            update={"since": transcript.heard, "language": question.language or transcript.language}
        )
        stream = self._requester.stream(
            asked,
            timeout=self._timeout,
            cancelled=lambda request_id: GenerationCancelled(request_id=request_id),
            correlation_id=correlation_id(),
        )
        end: SoundTranscribed | None = None
        try:
            async for some in parts(stream, PATIENCE):
                end = next((one for one in some if isinstance(one, SoundTranscribed)), None)
                transcript.add([one.segment for one in some if isinstance(one, SegmentTranscribed)], end)
                yield transcript
        except InvalidInput as error:
            raise InvalidInput(error.message, param="file", code=error.code) from None
        finally:
            stream.cancel()  # without effect on one that is complete
        if end is None:
            raise Unavailable("the transcript broke off")

    async def transcribed(self, content: Iterable[bytes], question: TranscribeSound | None = None) -> Transcript:
        """The whole transcript of a sound.

        Raises:
            InvalidInput: It cannot be heard, or nothing is said in it.
        """
        key = await self.keep(content)
        transcript = Transcript()
        try:
            asked = (question or TranscribeSound(key=key)).model_copy(update={"key": key})
            async for so_far in self.hear(asked):
                transcript = so_far
        finally:
            await self.forget(key)
        return transcript

    async def speak(self, question: SpeakText) -> bytes:
        """The sound of a text.

        Raises:
            NotFound: There is no such engine.
            Unavailable: It is away.
        """
        future = self._requester.submit(question, timeout=self._timeout, correlation_id=correlation_id())
        spoken = await asyncio.wrap_future(future)
        if not isinstance(spoken, TextSpoken):
            raise Unavailable(f"speech came back as {type(spoken).__name__}; all services must be of one version")
        try:
            return await run_in_threadpool(self._fetched, spoken.key)
        finally:
            await self.forget(spoken.key)

    def _fetched(self, key: str) -> bytes:
        with self._store.open(key) as file:
            return file.read()
