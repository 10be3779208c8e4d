"""Parts into one file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO

from services.gateway.files.uploads import CHUNK_BYTES
from services.gateway.uploads.schemas import CompleteUpload
from shared.artifacts.layout import upload_key
from shared.artifacts.store import ArtifactStore
from shared.errors import InvalidInput, StorageFull
from shared.full_disk import is_disk_full
from shared.storage.tables.uploads import PartedUpload, UploadPart


def require_whole(upload: PartedUpload, parts: Mapping[str, UploadPart], named: Sequence[str]) -> None:
    """Refuse what does not make the file that was announced.

    Raises:
        InvalidInput: A part is unknown or named twice, or bytes are missing.
    """
    if len(set(named)) != len(named):
        raise InvalidInput("'part_ids' names a part twice.", param="part_ids")
    unknown = next((part_id for part_id in named if part_id not in parts), None)
    if unknown is not None:
        raise InvalidInput(f"{unknown} is no part of this upload.", param="part_ids")
    total = sum(parts[part_id].bytes for part_id in named)
    if total != upload.bytes:
        raise InvalidInput(
            f"The parts have {total} bytes; the upload was announced with {upload.bytes}.", param="part_ids"
        )


@contextmanager
def joined(store: ArtifactStore, upload_id: str, asked: CompleteUpload) -> Iterator[BinaryIO]:
    """The whole file, on disk.

    Raises:
        InvalidInput: Its MD5 is another one.
        StorageFull: The temporary folder has no room for it.
    """
    digest = hashlib.md5(usedforsecurity=False)
    with TemporaryFile() as whole:
        try:
            for part_id in asked.part_ids:
                with store.open(upload_key(upload_id, part_id)) as part:
                    while chunk := part.read(CHUNK_BYTES):
                        digest.update(chunk)
                        whole.write(chunk)
        except OSError as error:
            if not is_disk_full(error):
                raise
            raise StorageFull("The disk of the gateway's temporary folder is full: nothing was stored.") from error
        if asked.md5 is not None and asked.md5.lower() != digest.hexdigest():
            raise InvalidInput(f"The MD5 of what came is {digest.hexdigest()}.", param="md5")
        yield whole
