"""An exported graph, tried out just as it would be served: with its own calibration, read by the ``TextReader``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.training.data.splitting import Split, thinned
from services.training.exporting.activation_scales import ENOUGH_TEXTS
from services.training.exporting.onnx_export import read
from services.training.exporting.quantization import SCHEMES, Scheme, quantise
from services.training.fitting.batching import Batch, together
from services.training.tasks.nlu.calibration import calibrate
from services.training.tasks.nlu.evaluation import QUALITY, Evaluation, evaluate
from services.training.tasks.nlu.examples import TextEncoder, collate
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.prediction import Predictions, gathered
from services.training.tasks.nlu.strangers import strangers
from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import FP32_MODEL, INT8_MODEL, NEIGHBOURS, TOKENIZER, Calibration, Manifest
from shared.contracts.understanding import OUT_OF_SCOPE
from shared.inference.interpretation import Interpreter
from shared.inference.reader import TextReader
from shared.inference.scope import scope_score
from shared.inference.session import FloatArray, OnnxSession
from shared.inference.tokens import Tokens
from shared.rows.row import Row

#: Points (of 100) that the worst score may lose through quantisation.
MAX_LOSS = 0.5

#: Training rows that a model carries along as neighbours; of more, evenly chosen ones.
MAX_NEIGHBOURS = 10_000


@dataclass(frozen=True, slots=True)
class ExportedVariant:
    """A graph with what reading with it takes, and how well it reads the validation rows.

    Attributes:
        file: Its name in the bundle.
        scheme: How it was quantised, or ``None``.
        calibration: Made from its own outputs.
        neighbours: Its own embeddings of the in-scope training rows, [n, d].
        validation: Its evaluation on the validation rows.
    """

    file: str
    scheme: Scheme | None
    calibration: Calibration
    neighbours: FloatArray
    validation: Evaluation


class VariantSelection:
    """Where graphs are tried out.

    Args:
        folder: Holds ``model.onnx`` and ``tokenizer.json``; becomes the bundle.
        draft: The manifest as far as it is known.
        encoder: The tokenizer of the model.
        labels: Of the model.
        parts: The rows of the job.
        threads: How many texts may be read side by side.
    """

    def __init__(
        self, folder: Path, draft: Manifest, encoder: TextEncoder, labels: LabelSpace, parts: Split, threads: int
    ) -> None:
        self._folder = folder
        self._draft = draft
        self._encoder = encoder
        self._labels = labels
        self._parts = parts
        self._threads = threads

    def choose(self) -> tuple[ExportedVariant, float | None]:
        """The fastest graph that is nearly as good as the fp32 one, and the points that it loses.

        Leaves the chosen int8 file in the folder, or none: then the fp32 graph is chosen and the loss is ``None``.
        """
        plain = self.try_out(FP32_MODEL, None)
        shown = self._encoder.encode(thinned(self._parts.train, ENOUGH_TEXTS), self._labels)
        texts = [together([example], collate) for example in shown]
        for scheme in SCHEMES:
            quantise(self._folder / FP32_MODEL, self._folder / INT8_MODEL, scheme, texts)
            # Most fail on the labels alone, so the calibration of their own is only made for one that does not.
            first = dataclasses.replace(plain, file=INT8_MODEL, scheme=scheme)
            if points_lost(plain.validation, self.evaluate(first, self._parts.validation)) > MAX_LOSS:
                continue
            small = self.try_out(INT8_MODEL, scheme)
            lost = points_lost(plain.validation, small.validation)
            if lost <= MAX_LOSS:
                return small, lost
        (self._folder / INT8_MODEL).unlink()
        return plain, None

    def try_out(self, file: str, scheme: Scheme | None) -> ExportedVariant:
        """Calibrate the graph in ``file`` and read the validation rows with it."""
        session = OnnxSession.open(self._folder / file, threads=self._threads)
        neighbours = self._predict(session, self._neighbours()).embeddings.astype(np.float16).astype(np.float32)
        outputs = self._predict(session, self._parts.validation)
        elsewhere = self._predict(session, strangers())
        session.close()
        examples = self._encoder.encode(self._parts.validation, self._labels)
        calibration = calibrate(outputs, examples, neighbours, elsewhere, self._draft.spec.scope)
        candidate = ExportedVariant(file, scheme, calibration, neighbours, Evaluation(0, {}, {}))
        return dataclasses.replace(candidate, validation=self.evaluate(candidate, self._parts.validation))

    def evaluate(self, candidate: ExportedVariant, rows: Sequence[Row]) -> Evaluation:
        """Read rows with a graph, exactly as it will be served."""
        manifest = self._manifest(candidate)
        reader = TextReader(
            manifest,
            Tokens.from_file(self._folder / TOKENIZER, manifest.max_length),
            OnnxSession.open(self._folder / candidate.file),
            Interpreter(manifest, candidate.neighbours),
            threads=self._threads,
        )
        readings = reader.read([row.text for row in rows], [row.context for row in rows])
        understandings = [reading.understanding for reading in readings]
        reader.close()
        return evaluate(rows, understandings, self._scope_scores(candidate, rows))

    def _manifest(self, candidate: ExportedVariant) -> Manifest:
        parity = self._draft.parity.model_copy(update={"int8_scheme": _name(candidate.scheme)})
        return self._draft.model_copy(
            update={"calibration": candidate.calibration, "served_file": candidate.file, "parity": parity}
        )

    def keep(self, candidate: ExportedVariant) -> None:
        """Write what belongs to the graph beside it."""
        if candidate.calibration.scope is not None:
            np.save(self._folder / NEIGHBOURS, candidate.neighbours.astype(np.float16), allow_pickle=False)

    def _neighbours(self) -> Sequence[Row]:
        known = [row for row in self._parts.train if row.intent not in (None, OUT_OF_SCOPE)]
        return thinned(known, MAX_NEIGHBOURS)

    def _scope_scores(self, candidate: ExportedVariant, rows: Sequence[Row]) -> NDArray[np.float32] | None:
        scope = candidate.calibration.scope
        if scope is None or not any(row.intent == OUT_OF_SCOPE for row in rows):
            return None
        session = OnnxSession.open(self._folder / candidate.file, threads=self._threads)
        outputs = self._predict(session, rows)
        session.close()
        assert outputs.intent is not None  # noqa: S101  # only an intent head is calibrated for scope
        return scope_score(outputs.intent, outputs.embeddings, candidate.neighbours, scope.weights)

    def _predict(self, session: OnnxSession, rows: Sequence[Row]) -> Predictions:
        """The raw outputs of a graph, in the shape of those of the model."""

        def run(batch: Batch) -> dict[str, FloatArray]:
            return session.run(*(tensor.numpy() for tensor in read(batch)))

        examples = self._encoder.encode(rows, self._labels)
        return gathered(run, examples, self._labels, self._draft.embedding_size)


def _name(scheme: Scheme | None) -> str | None:
    return scheme.name if scheme else None


def points_lost(plain: Evaluation, small: Evaluation) -> float:
    """How much the worst of the comparable scores loses, in points of 100; negative if all of them gain."""
    shared = [name for name in QUALITY if name in plain.scores]
    return max((100 * (plain.scores[name] - small.scores.get(name, 0.0)) for name in shared), default=0.0)


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
