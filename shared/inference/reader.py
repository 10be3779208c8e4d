"""Texts in, readings out: tokenise, run the model in small batches of like length, interpret."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import NEIGHBOUR_ROWS, NEIGHBOURS, TOKENIZER, Manifest
from shared.contracts.training.tasks import TaskName
from shared.inference.batching import BatchRunner
from shared.inference.interpretation import Interpreter
from shared.inference.neighbours import Neighbour, read_rows, read_vectors
from shared.inference.predictor import Prediction
from shared.inference.reading import Context, Reading
from shared.inference.session import CPU, FloatArray, OnnxSession
from shared.inference.tokens import MAX_WINDOWS, Encoded, Tokens, readable
from shared.inference.windows import combined, mean_direction

#: Texts that are in memory together, with all their outputs.
_AT_ONCE = 512

_WARM_UP = "Where is my order? 你好 🙂"


class TextReader:
    """A model bundle, loaded. Safe to use from many threads at once.

    Args:
        manifest: Of the bundle.
        tokens: Its tokenizer.
        session: Its model.
        interpreter: Made of its labels and calibration.
        threads: How many runs may go on side by side in one call.
        on_gpu: Whether the session runs there.
        rows: The file with the training rows that it carries along, if it does.
    """

    def __init__(
        self,
        manifest: Manifest,
        tokens: Tokens,
        session: OnnxSession,
        interpreter: Interpreter,
        *,
        threads: int = 1,
        on_gpu: bool = False,
        rows: Path | None = None,
    ) -> None:
        self._rows = rows
        self._manifest = manifest
        self._tokens = tokens
        self._interpreter = interpreter
        self._runner = BatchRunner(session, tokens.pad_id, threads=threads, on_gpu=on_gpu)

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, threads: int = 1, providers: Sequence[str] = CPU) -> Self:
        """Load ``bundle`` and read a first text with it, so that the first customer does not pay for the warm-up.

        Raises:
            BrokenArtifact: The files do not fit together.
            SettingsError: The first provider is not there.
        """
        manifest = bundle.manifest
        on_gpu = providers[0] != CPU[0]
        session = OnnxSession.open(bundle.served(on_gpu=on_gpu), providers=providers)
        vectors, rows = (bundle.path(name) if name in manifest.files else None for name in (NEIGHBOURS, NEIGHBOUR_ROWS))
        reader = cls(
            manifest,
            Tokens.from_file(bundle.path(TOKENIZER), manifest.max_length),
            session,
            Interpreter(manifest, read_vectors(vectors, manifest)),
            threads=threads,
            on_gpu=on_gpu,
            rows=rows,
        )
        reader._warm_up()
        return reader

    @property
    def model_id(self) -> str:
        """The id of the model."""
        return self._manifest.model_id

    @property
    def task(self) -> TaskName:
        """What it was trained for."""
        return self._manifest.task

    def read(self, texts: Sequence[str], contexts: Sequence[Context] | None = None) -> list[Reading]:
        """Read ``texts``, each after the messages before it; one reading each, in order.

        A text longer than the ``max_length`` tokens of the model is read in windows (see ``shared.inference.windows``), without its
        context. Lone surrogates are read as U+FFFD. A text without tokens (blank, or control characters alone) is out of scope and
        neutral.
        """
        contexts = contexts if self._runner.reads_context else None
        found: list[Reading] = []
        for start in range(0, len(texts), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            found += self._read([readable(text) for text in texts[part]], contexts[part] if contexts else None)
        return found

    def predict(self, rows: Sequence[Any]) -> list[Prediction]:
        """What is understood of each row, which has ``text`` and ``context``."""
        return [reading.prediction for reading in self.read([row.text for row in rows], [row.context for row in rows])]

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """The sentence embeddings of ``texts``, [n, d], of length 1; zeros for blank ones."""
        return self.embed_counted(texts)[0]

    def embed_counted(self, texts: Sequence[str]) -> tuple[FloatArray, list[int]]:
        """The same, and the tokens read of each."""
        windows = [parts[:MAX_WINDOWS] for parts in self._tokens.windows(texts)]
        flat = [window for parts in windows for window in parts]
        tokens = [sum(len(window.ids) for window in parts) for parts in windows]
        embeddings = np.zeros((len(flat), self._manifest.embedding_size), dtype=np.float32)
        for rows, outputs in self._runner.runs(flat):
            embeddings[rows] = outputs["sentence_embedding"]
        if len(flat) == len(texts):
            return embeddings, tokens
        ends = np.cumsum([len(parts) for parts in windows])[:-1]
        return np.stack([mean_direction(vectors) for vectors in np.split(embeddings, ends)]), tokens

    def nearest(self, embedding: FloatArray, most: int) -> list[tuple[Neighbour, float]]:
        """The training rows nearest to an embedding [d], each with its cosine, the nearest first; none if it carries none.

        Raises:
            BrokenArtifact: The file that holds them is damaged.
        """
        rows, vectors = self._known, self._interpreter.neighbours
        if len(rows) != len(vectors):
            return []
        likeness = vectors @ embedding
        places = np.argsort(-likeness, kind="stable")[:most]
        return [(rows[place], float(likeness[place])) for place in places]

    @cached_property
    def _known(self) -> Sequence[Neighbour]:
        """Read when somebody first asks: chats need the vectors alone."""
        return read_rows(self._rows)

    def close(self) -> None:
        """Free the model's memory; may be called twice. No call may be under way."""
        self._runner.close()

    def _read(self, texts: Sequence[str], contexts: Sequence[Context] | None) -> list[Reading]:
        windows = self._tokens.windows(texts, contexts)
        encodings = [window for parts in windows for window in parts[:MAX_WINDOWS]]
        if len(encodings) == len(texts):
            return self._read_windows(texts, encodings)
        repeated = [text for text, parts in zip(texts, windows, strict=True) for _ in parts[:MAX_WINDOWS]]
        readings = iter(self._read_windows(repeated, encodings))
        return [combined(parts, [next(readings) for _ in parts[:MAX_WINDOWS]]) for parts in windows]

    def _read_windows(self, texts: Sequence[str], encodings: Sequence[Encoded]) -> list[Reading]:
        """One reading for each window; ``texts`` are the whole texts that they are cut from."""
        readings: dict[int, Reading] = {}
        runs = list(self._runner.runs(encodings))
        rows = [row for run_rows, _ in runs for row in run_rows]
        understandings = self._interpreter.interpret(
            [texts[row] for row in rows], [encodings[row] for row in rows], [outputs for _, outputs in runs]
        )
        embeddings = (embedding for _, outputs in runs for embedding in outputs["sentence_embedding"])
        for row, understanding, embedding in zip(rows, understandings, embeddings, strict=True):
            readings[row] = Reading(understanding, embedding, len(encodings[row].ids))
        parts = zip(texts, encodings, strict=True)
        return [readings.get(row) or self._blank(*part) for row, part in enumerate(parts)]

    def _blank(self, text: str, encoded: Encoded) -> Reading:
        nowhere = np.zeros(self._manifest.embedding_size, dtype=np.float32)
        return Reading(self._interpreter.blank(text, encoded), nowhere, len(encoded.ids))

    def _warm_up(self) -> None:
        for _, outputs in self._runner.runs(self._tokens.encode([_WARM_UP])):
            self._interpreter.check(outputs)
        self.read([_WARM_UP])  # what reads the outputs loads on first use as well
