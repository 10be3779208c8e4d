"""Has pictures read by generation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi.concurrency import run_in_threadpool

from services.gateway.attachments.parts import MAX_PARTS, Picture
from services.gateway.http.access.keyring import Caller
from shared.artifacts.layout import file_key, media_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.media import Attachment, PictureRead, ReadPicture
from shared.errors import InvalidInput, NotFound, Unavailable
from shared.messaging.requesting.requester import Requester
from shared.storage.database.engine import Database
from shared.storage.database.identity import new_id
from shared.storage.training import files
from shared.telemetry.correlation import correlation_id


class Attachments:
    """Reads what came along with a message.

    Args:
        requester: The way to generation.
        store: Where bytes wait to be read.
        database: Knows uploaded files.
        timeout: Seconds that reading one may take.
    """

    def __init__(self, requester: Requester, store: ArtifactStore, database: Database, timeout: float) -> None:
        self._requester = requester
        self._store = store
        self._database = database
        self._timeout = timeout

    async def read(self, caller: Caller, pictures: Sequence[Picture], param: str) -> tuple[Attachment, ...]:
        """What stands in pictures, in their order.

        Raises:
            InvalidInput: One cannot be read, or there are too many.
            NotFound: There is no such file.
            TooManyRequests: Too many wait already.
        """
        if len(pictures) > MAX_PARTS:
            raise InvalidInput(f"A message may have {MAX_PARTS} pictures; this one has {len(pictures)}.", param=param)
        contents = [one.content(param) for one in pictures]
        return tuple([await self._one(caller, *pair, param) for pair in zip(pictures, contents, strict=True)])

    async def _one(self, caller: Caller, picture: Picture, content: bytes | None, param: str) -> Attachment:
        if content is None:
            return await self._at(await run_in_threadpool(self._file, caller, picture.file_id or "", param), param)
        key = media_key(new_id("media_"))
        await run_in_threadpool(self._store.put_stream, key, [content], len(content))
        try:
            return await self._at(key, param)
        finally:
            await run_in_threadpool(self._store.delete, key)

    async def _at(self, key: str, param: str) -> Attachment:
        question = ReadPicture(key=key)
        future = self._requester.submit(question, timeout=self._timeout, correlation_id=correlation_id())
        try:
            read = await asyncio.wrap_future(future)
        except InvalidInput as error:
            raise InvalidInput(error.message, param=param, code=error.code) from None
        if not isinstance(read, PictureRead):
            raise Unavailable(f"a picture came back as {type(read).__name__}; all services must be of one version")
        return read.attachment

    def _file(self, caller: Caller, file_id: str, param: str) -> str:
        with self._database.reading() as session:
            file = files.get(session, file_id)
        if file.key_id is not None and file.key_id != caller.key_id and not caller.may("train"):
            raise NotFound(f"No file {file_id!r}.", param=param)
        return file_key(file_id)
