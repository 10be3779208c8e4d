"""Exported graphs of the joint model: calibrated, read with, and what belongs beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.training.data.splitting import Split, thinned
from services.training.exporting.activation_scales import ENOUGH_TEXTS
from services.training.exporting.onnx_export import read
from services.training.exporting.quantization import SCHEMES, Scheme
from services.training.exporting.selection import ExportedVariant
from services.training.fitting.batching import Batch, together
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.tasks.nlu.calibration import calibrate
from services.training.tasks.nlu.evaluation import evaluate
from services.training.tasks.nlu.examples import collate, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.prediction import Predictions, gathered
from services.training.tasks.nlu.strangers import strangers
from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import NEIGHBOUR_ROWS, NEIGHBOURS, TOKENIZER, Manifest
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.inference.interpretation import Interpreter
from shared.inference.neighbours import Neighbour, write_rows
from shared.inference.reader import TextReader
from shared.inference.scope import scope_score
from shared.inference.session import FloatArray, OnnxSession
from shared.inference.tokens import Tokens
from shared.tasks.nlu.row import Row

#: Training rows that a model carries along as neighbours; of more, evenly chosen ones.
MAX_NEIGHBOURS = 10_000


class JointVariants:
    """Graphs of a joint model, tried out just as they would be served: each with its own calibration, read by the ``TextReader``.

    Args:
        folder: Holds ``model.onnx`` and ``tokenizer.json``; becomes the bundle.
        draft: The manifest as far as it is known.
        encoder: The tokenizer of the model.
        labels: Of the model.
        parts: The rows of the job.
        threads: How many texts may be read side by side.
    """

    def __init__(
        self, folder: Path, draft: Manifest, encoder: TextEncoder, labels: LabelSpace, parts: Split[Row], threads: int
    ) -> None:
        self._folder = folder
        self._draft = draft
        self._encoder = encoder
        self._labels = labels
        self._parts = parts
        self._threads = threads

    schemes = SCHEMES

    def shown(self) -> list[Batch]:
        """Some training texts, each a batch of its own."""
        texts = thinned(self._parts.train, ENOUGH_TEXTS)
        return [together([example], collate) for example in examples_of(self._encoder, texts, self._labels)]

    def try_out(self, file: str, scheme: Scheme | None) -> ExportedVariant:
        """Calibrate the graph in ``file`` and read the validation rows with it."""
        session = OnnxSession.open(self._folder / file, threads=self._threads)
        neighbours = self._predict(session, self._neighbours()).embeddings.astype(np.float16).astype(np.float32)
        outputs = self._predict(session, self._parts.validation)
        elsewhere = self._predict(session, strangers())
        session.close()
        examples = examples_of(self._encoder, self._parts.validation, self._labels)
        calibration = calibrate(outputs, examples, neighbours, elsewhere, self._draft.spec.scope)
        candidate = ExportedVariant(file, scheme, calibration, {NEIGHBOURS: neighbours}, Evaluation(0, {}, {}))
        return dataclasses.replace(candidate, validation=self._read(candidate, self._parts.validation, outputs))

    def evaluate(self, candidate: ExportedVariant, rows: Sequence[Row]) -> Evaluation:
        """Read rows with a graph, exactly as it will be served."""
        return self._read(candidate, rows, None)

    def _read(self, candidate: ExportedVariant, rows: Sequence[Row], outputs: Predictions | None) -> Evaluation:
        manifest = self._manifest(candidate)
        reader = TextReader(
            manifest,
            Tokens.from_file(self._folder / TOKENIZER, manifest.max_length),
            OnnxSession.open(self._folder / candidate.file),
            Interpreter(manifest, candidate.arrays[NEIGHBOURS]),
            threads=self._threads,
        )
        readings = reader.read([row.text for row in rows], [row.context for row in rows])
        understandings = [reading.understanding for reading in readings]
        reader.close()
        return evaluate(rows, understandings, self._scope_scores(candidate, rows, outputs))

    def _manifest(self, candidate: ExportedVariant) -> Manifest:
        parity = self._draft.parity.model_copy(
            update={"int8_scheme": candidate.scheme.name if candidate.scheme else None}
        )
        return self._draft.model_copy(
            update={"calibration": candidate.calibration, "served_file": candidate.file, "parity": parity}
        )

    def keep(self, candidate: ExportedVariant) -> None:
        """Write what belongs to the graph beside it."""
        if candidate.calibration.scope is not None:
            np.save(self._folder / NEIGHBOURS, candidate.arrays[NEIGHBOURS].astype(np.float16), allow_pickle=False)
            write_rows(
                self._folder / NEIGHBOUR_ROWS,
                (Neighbour(text=r.text, intent=r.intent or "", labelled_by=r.labelled_by) for r in self._neighbours()),
            )

    def _neighbours(self) -> Sequence[Row]:
        known = [row for row in self._parts.train if row.intent not in (None, OUT_OF_SCOPE)]
        return thinned(known, MAX_NEIGHBOURS)

    def _scope_scores(
        self, candidate: ExportedVariant, rows: Sequence[Row], outputs: Predictions | None
    ) -> NDArray[np.float32] | None:
        """How surely each row is in scope; of what the graph made of them, where that is known."""
        scope = candidate.calibration.scope
        if scope is None or not any(row.intent == OUT_OF_SCOPE for row in rows):
            return None
        if outputs is None:
            session = OnnxSession.open(self._folder / candidate.file, threads=self._threads)
            outputs = self._predict(session, rows)
            session.close()
        assert outputs.intent is not None  # noqa: S101  # only an intent head is calibrated for scope
        return scope_score(outputs.intent, outputs.embeddings, candidate.arrays[NEIGHBOURS], scope.weights)

    def _predict(self, session: OnnxSession, rows: Sequence[Row]) -> Predictions:
        """The raw outputs of a graph, in the shape of those of the model."""

        def run(batch: Batch) -> dict[str, FloatArray]:
            return session.run(*(tensor.numpy() for tensor in read(batch)))

        examples = examples_of(self._encoder, rows, self._labels)
        return gathered(run, examples, self._labels, self._draft.embedding_size)


def evaluate_bundle(bundle: Bundle, rows: Sequence[Row], threads: int) -> Evaluation:
    """Read rows with a published model.

    Raises:
        BrokenArtifact: Its files do not fit together.
    """
    reader = TextReader.from_bundle(bundle, threads=threads)
    try:
        readings = reader.read([row.text for row in rows], [row.context for row in rows])
        return evaluate(rows, [reading.understanding for reading in readings])
    finally:
        reader.close()
