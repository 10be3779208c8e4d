"""Exported graphs of a task that is served by a predictor, tried out just as they would be served."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.training.data.splitting import thinned
from services.training.exporting.activation_scales import ENOUGH_TEXTS
from services.training.exporting.onnx_export import read
from services.training.exporting.quantization import SCHEMES, Scheme
from services.training.exporting.selection import ExportedVariant
from services.training.fitting.batching import Batch, Collate, ExampleT, together
from services.training.fitting.prediction import Found, gathered
from services.training.reporting.figures import Evaluation
from services.training.tasks.task import Setting
from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import TOKENIZER, Calibration
from shared.inference.predictor import Parts, Predictor
from shared.inference.session import FloatArray, OnnxSession
from shared.inference.tokens import Tokens

RowT = TypeVar("RowT")


def uncalibrated(_outputs: Found, _examples: Sequence[Any]) -> Calibration:
    """Of a task whose figures mean what they are."""
    return Calibration()


@dataclass(frozen=True, slots=True)
class Serving(Generic[RowT]):
    """How models of a task answer, and how their answers are judged.

    Attributes:
        predictor: Opens one.
        evaluate: Asks it about rows, and compares the answers with their labels.
    """

    predictor: Callable[[Parts], Predictor]
    evaluate: Callable[[Predictor, Sequence[RowT]], Evaluation]

    def evaluate_bundle(self, bundle: Bundle, rows: Sequence[RowT], threads: int) -> Evaluation:
        """Read rows with a published model.

        Raises:
            BrokenArtifact: Its files do not fit together.
        """
        return self.evaluated(Parts.of(bundle, threads=threads), rows)

    def evaluated(self, parts: Parts, rows: Sequence[RowT]) -> Evaluation:
        """Read rows with a model, which is closed afterwards."""
        predictor = self.predictor(parts)
        try:
            return self.evaluate(predictor, rows)
        finally:
            predictor.close()


class ReaderVariants(Generic[RowT, ExampleT]):
    """The graphs of a model.

    Args:
        setting: Where they are.
        serving: How they answer.
        examples: Rows as ids.
        collate: Puts examples together.
        calibrate: Made of a graph's outputs on the validation rows.
        token_outputs: The outputs that have a value for each token.
        reads_outputs: Whether ``calibrate`` looks at them; those of some tasks are as large as their vocabulary.
    """

    schemes = SCHEMES

    def __init__(
        self,
        setting: Setting,
        serving: Serving[RowT],
        examples: Callable[[Sequence[RowT]], list[ExampleT]],
        collate: Collate[ExampleT],
        calibrate: Callable[[Found, Sequence[ExampleT]], Calibration] = uncalibrated,
        token_outputs: Set[str] = frozenset(),
        *,
        reads_outputs: bool = True,
    ) -> None:
        self._reads_outputs = reads_outputs
        self._setting = setting
        self._serving = serving
        self._examples = examples
        self._collate = collate
        self._calibrate = calibrate
        self._token_outputs = token_outputs

    def shown(self) -> list[Batch]:
        """Some training texts, each a batch of its own."""
        texts = thinned(self._setting.parts.train, ENOUGH_TEXTS)
        return [together([example], self._collate) for example in self._examples(texts)]

    def try_out(self, file: str, scheme: Scheme | None) -> ExportedVariant:
        """Calibrate the graph in ``file`` and read the validation rows with it."""
        validation = self._setting.parts.validation
        outputs, examples = self._outputs(file) if self._reads_outputs else ({}, [])
        candidate = ExportedVariant(file, scheme, self._calibrate(outputs, examples), {}, Evaluation(0, {}, {}))
        return dataclasses.replace(candidate, validation=self.evaluate(candidate, validation))

    def _outputs(self, file: str) -> tuple[Found, list[ExampleT]]:
        """What a graph makes of the validation rows."""
        examples = self._examples(self._setting.parts.validation)
        session = OnnxSession.open(self._setting.folder / file, threads=self._setting.threads)

        def run(batch: Batch) -> dict[str, FloatArray]:
            return session.run(*(tensor.numpy() for tensor in read(batch)))

        outputs = gathered(run, examples, self._collate, self._token_outputs)
        session.close()
        return outputs, examples

    def evaluate(self, candidate: ExportedVariant, rows: Sequence[Any]) -> Evaluation:
        """Read rows with a graph, exactly as it will be served."""
        folder, draft = self._setting.folder, self._setting.draft
        manifest = draft.model_copy(update={"calibration": candidate.calibration, "served_file": candidate.file})
        tokens = Tokens.from_file(folder / TOKENIZER, manifest.max_length)
        parts = Parts(manifest, tokens, OnnxSession.open(folder / candidate.file), self._setting.threads)
        return self._serving.evaluated(parts, rows)

    def keep(self, candidate: ExportedVariant) -> None:
        """Nothing belongs beside the graph."""
