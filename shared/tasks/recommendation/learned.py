"""What a model keeps of the catalog that it was trained on: nothing of any person, and no text."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.errors import BrokenArtifact
from shared.tasks.recommendation.neighbours import Neighbours
from shared.tasks.recommendation.popularity import WIDTH, Popularity

CATALOG = "catalog.npz"
"""The file of a bundle."""


def text_hash(text: str) -> bytes:
    """By which it is told whether an item still has the text that its vector was made of."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).digest()


@dataclass(frozen=True, slots=True)
class Learned:
    """Of n items.

    Attributes:
        item_ids: In the order of all else.
        hashes: [n, 12] bytes, of the texts.
        vectors: [n, d] float16, of the texts, by the graph that the model is served by.
        goes_with: See ``Shelf``.
        follows: See ``Shelf``.
        counts: [n, WIDTH], see ``Popularity``.
        at: The time of the counts.
    """

    item_ids: Sequence[str]
    hashes: NDArray[np.uint8]
    vectors: NDArray[np.float16]
    goes_with: Neighbours
    follows: Neighbours
    counts: NDArray[np.float64]
    at: float

    def popularity(self) -> Popularity:
        """As it was when the model was trained."""
        return Popularity(len(self.item_ids), self.at, self.counts)

    def save(self, folder: Path) -> None:
        """Write the file; no part of it is code."""
        np.savez(
            folder / CATALOG,
            item_ids=np.array(self.item_ids, dtype=np.str_),
            hashes=self.hashes,
            vectors=self.vectors,
            goes_with_places=self.goes_with.places,
            goes_with_weights=self.goes_with.weights,
            follows_places=self.follows.places,
            follows_weights=self.follows.weights,
            counts=self.counts,
            at=np.array(self.at),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file.

        Raises:
            BrokenArtifact: It is none, or its parts do not fit.
        """
        try:
            with np.load(path, allow_pickle=False) as held:
                found = cls(
                    [str(one) for one in held["item_ids"]],
                    held["hashes"],
                    held["vectors"],
                    Neighbours(held["goes_with_places"], held["goes_with_weights"]),
                    Neighbours(held["follows_places"], held["follows_weights"]),
                    held["counts"],
                    float(held["at"]),
                )
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise BrokenArtifact(f"{path.name} cannot be read: {error}") from None
        if not found._fits():
            raise BrokenArtifact(f"the parts of {path.name} do not fit together")
        return found

    def _fits(self) -> bool:
        count = len(self.item_ids)
        tables = (self.goes_with, self.follows)
        return (
            self.hashes.shape == (count, 12)
            and self.vectors.ndim == 2
            and len(self.vectors) == count
            and self.counts.shape == (count, WIDTH)
            and all(len(one) == count and one.places.shape == one.weights.shape for one in tables)
            and all(not one.places.size or 0 <= one.places.min() <= one.places.max() < count for one in tables)
        )


def hashes_of(texts: Sequence[str]) -> NDArray[np.uint8]:
    """[n, 12]."""
    found = b"".join(map(text_hash, texts))
    return np.frombuffer(found, np.uint8).reshape(len(texts), 12).copy()
