"""What can be found in one vector store, in memory: an inverted index of its words, and the vectors of its chunks.

Words are ranked by BM25 as SQLite's FTS5 has it (Robertson and Zaragoza 2009), in a private temporary database that the system may
put on its disk; vectors by their exact cosine, all of them at once. So a search finds the same on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from shared.contracts.knowledge.passages import Attribute
from shared.text.terms import content_terms, terms

FloatArray = NDArray[np.float32]

#: Terms of a query that are looked up; a longer one is a text in itself.
_MAX_TERMS = 200
#: Chunks that a store is taken to have beside its own when the rarity of a word is judged.
_OTHERS = 50


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A file whose chunks can be found.

    Attributes:
        first: The index's number of its first chunk; the others follow.
        count: How many chunks it has.
    """

    file_id: str
    filename: str
    attributes: dict[str, Attribute]
    embedder: str | None
    first: int
    count: int

    def position(self, number: int) -> int:
        """Which of its chunks has a number of the index."""
        return number - self.first


@dataclass(slots=True)
class _Vectors:
    """The vectors of one model, and the number of the chunk that each belongs to."""

    matrix: FloatArray
    numbers: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk in the order of one look-up, best first.

    Attributes:
        number: Of the chunk in the index.
        score: BM25 or cosine.
    """

    number: int
    score: float


@dataclass(slots=True)
class _Contents:
    files: dict[str, IndexedFile] = field(default_factory=dict)
    vectors: dict[str, FloatArray] = field(default_factory=dict)


class StoreIndex:
    """The index of one store. Safe to use from many threads."""

    def __init__(self) -> None:
        self.revision = -1
        """Of the store, when the index was last brought in step with it."""
        self._lock = Lock()
        self._contents = _Contents()
        self._next = 1
        self._together: dict[str, _Vectors] | None = None
        self._sorted: list[IndexedFile] = []
        self._starts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._words = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._words.execute("PRAGMA journal_mode=OFF")
        self._words.execute("CREATE VIRTUAL TABLE words USING fts5(terms, tokenize='porter unicode61')")

    def close(self) -> None:
        """Free it."""
        with self._lock:
            self._words.close()

    @property
    def size(self) -> int:
        """Chunks."""
        return sum(file.count for file in self._contents.files.values())

    @property
    def files(self) -> list[IndexedFile]:
        """Those whose chunks can be found."""
        return list(self._contents.files.values())

    @property
    def embedders(self) -> list[str]:
        """The models whose vectors it has."""
        return sorted({file.embedder for file in self._contents.files.values() if file.embedder is not None})

    def put(
        self,
        file_id: str,
        filename: str,
        attributes: dict[str, Attribute],
        embedder: str | None,
        texts: Sequence[str] | None,
        vectors: FloatArray | None,
    ) -> None:
        """Add a file, or change what is known of it.

        Args:
            file_id: Its id.
            filename: Its name.
            attributes: By which it can be filtered.
            embedder: The model of its vectors.
            texts: Its chunks; ``None``: those that are here already.
            vectors: One for each chunk, [n, d], of length 1.
        """
        with self._lock:
            present = self._contents.files.get(file_id)
            if texts is None and present is not None:
                first, count = present.first, present.count
            else:
                if present is not None:
                    self._remove(present)
                texts = texts or ()
                first, count = self._next, len(texts)
                self._next += count
                self._words.execute("BEGIN")
                self._words.executemany(
                    "INSERT INTO words(rowid, terms) VALUES (?, ?)",
                    ((number, " ".join(terms(text))) for number, text in enumerate(texts, first)),
                )
                self._words.execute("COMMIT")
            self._contents.files[file_id] = IndexedFile(file_id, filename, attributes, embedder, first, count)
            self._contents.vectors.pop(file_id, None)
            if vectors is not None and count:
                self._contents.vectors[file_id] = vectors
            self._together = None

    def remove(self, file_id: str) -> None:
        """Take a file out."""
        with self._lock:
            file = self._contents.files.get(file_id)
            if file is not None:
                self._remove(file)

    def _remove(self, file: IndexedFile) -> None:
        self._words.execute("DELETE FROM words WHERE rowid BETWEEN ? AND ?", (file.first, file.first + file.count - 1))
        del self._contents.files[file.file_id]
        self._contents.vectors.pop(file.file_id, None)
        self._together = None

    def by_words(self, query: str, limit: int, allowed: Callable[[IndexedFile], bool] | None = None) -> list[Found]:
        """The chunks that share words with a query, in the order of BM25."""
        wanted = list(dict.fromkeys(terms(query)))[:_MAX_TERMS]
        if not wanted:
            return []
        match = " OR ".join(f'"{term}"' for term in wanted)
        found: list[Found] = []
        with self._lock:
            files = self._files_allowed(allowed)
            most = "LIMIT ?" if files is None else ""
            rows: Iterable[tuple[int, float]] = self._words.execute(
                f"SELECT rowid, rank FROM words WHERE words MATCH ? ORDER BY rank {most}",  # noqa: S608  # nothing of a caller is in it
                (match, limit) if files is None else (match,),
            )
            for number, rank in rows:
                if files is None or self._owner(number).file_id in files:
                    found.append(Found(number, -rank))
                if len(found) == limit:
                    break
        return found

    def coverage(self, query: str, numbers: Sequence[int]) -> list[float]:
        """How much of a query each of some chunks has: the share of its terms, empty ones aside, each weighing by its rarity (0..1).

        Rarity is that in the store, as if some more chunks had none of the terms: in a store of three every word is rare.
        """
        wanted = list(dict.fromkeys(content_terms(query) or terms(query)))[:_MAX_TERMS]
        covered = dict.fromkeys(numbers, 0.0)
        total, chunks = 0.0, self.size + _OTHERS
        with self._lock:
            for term in wanted:
                match = f'"{term}"'
                [known] = self._words.execute("SELECT count(*) FROM words WHERE words MATCH ?", (match,)).fetchone()
                weight = math.log(1 + (chunks - known + 0.5) / (known + 0.5))
                total += weight
                for number in numbers:
                    has = self._words.execute(
                        "SELECT 1 FROM words WHERE words MATCH ? AND rowid = ?", (match, number)
                    ).fetchone()
                    covered[number] += weight if has else 0.0
        return [covered[number] / total if total else 0.0 for number in numbers]

    def by_vector(
        self, embedder: str, query: FloatArray, limit: int, allowed: Callable[[IndexedFile], bool] | None = None
    ) -> list[Found]:
        """The chunks nearest to a vector [d] of the same model, in the order of their cosine."""
        with self._lock:
            vectors = self._joined().get(embedder)
            files = self._files_allowed(allowed)
            if vectors is None or vectors.matrix.shape[1] != len(query):
                return []
            scores = vectors.matrix @ query
            if files is not None:
                owned = np.array([self._owner(int(number)).file_id in files for number in vectors.numbers])
                scores = np.where(owned, scores, -np.inf)
            best = np.argpartition(-scores, limit - 1)[:limit] if limit < len(scores) else np.arange(len(scores))
            best = best[np.argsort(-scores[best], kind="stable")]
            return [Found(int(vectors.numbers[row]), float(scores[row])) for row in best if np.isfinite(scores[row])]

    def similarity(self, number: int, queries: dict[str, FloatArray]) -> float | None:
        """The cosine of a chunk to a query, by the vectors of its own model; ``None`` if it has none."""
        file = self.owner(number)
        vectors = self._contents.vectors.get(file.file_id)
        query = queries.get(file.embedder or "")
        if vectors is None or query is None or vectors.shape[1] != len(query):
            return None
        return float(vectors[file.position(number)] @ query)

    def owner(self, number: int) -> IndexedFile:
        """The file that a chunk belongs to."""
        with self._lock:
            return self._owner(number)

    def _owner(self, number: int) -> IndexedFile:
        self._joined()
        return self._sorted[int(np.searchsorted(self._starts, number, side="right")) - 1]

    def _files_allowed(self, allowed: Callable[[IndexedFile], bool] | None) -> set[str] | None:
        self._joined()
        return None if allowed is None else {file.file_id for file in self._sorted if allowed(file)}

    def _joined(self) -> dict[str, _Vectors]:
        """The vectors of all files by model, put together when something has changed."""
        if self._together is None:
            self._sorted = sorted((f for f in self._contents.files.values() if f.count), key=lambda file: file.first)
            self._starts = np.array([file.first for file in self._sorted], np.int64)
            together: dict[str, list[IndexedFile]] = {}
            for file in self._sorted:
                if file.embedder is not None and file.file_id in self._contents.vectors:
                    together.setdefault(file.embedder, []).append(file)
            self._together = {embedder: self._join(files) for embedder, files in together.items()}
        return self._together

    def _join(self, files: Sequence[IndexedFile]) -> _Vectors:
        matrix = np.concatenate([self._contents.vectors[file.file_id] for file in files])
        row = 0
        for file in files:  # each file's are a part of the whole from now on, so that they lie in memory once
            self._contents.vectors[file.file_id] = matrix[row : row + file.count]
            row += file.count
        return _Vectors(matrix, np.concatenate([np.arange(file.first, file.first + file.count) for file in files]))
