"""The training rows that a model carries along: their vectors tell what is in scope, their texts why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from shared.artifacts.manifest import Manifest
from shared.errors import BrokenArtifact
from shared.inference.session import FloatArray


class Neighbour(BaseModel):
    """A training row, without personal numbers.

    Attributes:
        text: Its text.
        intent: Its label.
        labelled_by: Who gave it, where the row says so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    intent: str
    labelled_by: str | None = None


_ROWS = TypeAdapter(list[Neighbour])


def write_rows(path: Path, rows: Iterable[Neighbour]) -> None:
    """Write the rows beside their vectors, in the same order."""
    path.write_bytes(_ROWS.dump_json(list(rows), exclude_none=True))


def read_rows(path: Path | None) -> Sequence[Neighbour]:
    """The rows of a bundle; none of one that was made before they were kept.

    Raises:
        BrokenArtifact: The file is damaged.
    """
    if path is None:
        return ()
    try:
        return _ROWS.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BrokenArtifact(f"{path.name} cannot be read: {error}; fetch or train the model again") from error


def read_vectors(path: Path | None, manifest: Manifest) -> FloatArray:
    """Their embeddings, [n, d]; [0, d] without any.

    Raises:
        BrokenArtifact: The file is damaged, or of another width.
    """
    if path is None:
        return np.zeros((0, manifest.embedding_size), dtype=np.float32)
    try:
        stored = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise BrokenArtifact(f"{path.name} cannot be read: {error}; fetch or train the model again") from error
    if stored.ndim != 2 or stored.shape[1] != manifest.embedding_size:
        raise BrokenArtifact(f"{path.name} has shape {stored.shape}, not [n, {manifest.embedding_size}]; train again")
    neighbours: FloatArray = stored.astype(np.float32)
    return neighbours
