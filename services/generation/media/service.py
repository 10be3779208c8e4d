"""Reads what customers send along, in threads of its own: each file in a process that ends with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.generation.media.reading import reading
from services.generation.media.unreadable import Unreadable
from shared.artifacts.store import ArtifactStore
from shared.contracts.media import Attachment, PictureRead, ReadPicture
from shared.contracts.message import Message
from shared.errors import InvalidInput, Unavailable
from shared.messaging.consuming.handlers import Emitter, StreamHandlers

#: Bytes of a picture.
PICTURE_BYTES = 16 * 1024 * 1024


class MediaReader:
    """Stream handlers of what is to be read.

    Args:
        store: Where the files are.
        seconds: That one may take.
        threads: Files at once; more wait.
    """

    def __init__(self, store: ArtifactStore, *, seconds: float, threads: int) -> None:
        self._store = store
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="media")

    @property
    def handlers(self) -> StreamHandlers:
        """Which message is answered by what."""
        return {ReadPicture: self._begin(self._picture)}

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
            *_, last = reading("picture", file, {}, seconds=self._seconds, limit=PICTURE_BYTES)
        end = last["end"]
        attachment = Attachment.model_validate({"lines": end["lines"], "codes": end["codes"]})
        return PictureRead(width=end["width"], height=end["height"], attachment=attachment)
