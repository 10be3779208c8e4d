"""Graphs of a model that writes, tried out just as they would be served."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from services.training.exporting.decoder_export import export_decoder
from services.training.exporting.quantization import WRITING_SCHEMES, Scheme
from services.training.exporting.selection import ExportedVariant
from services.training.fitting.batching import Batch
from services.training.models.base_models import Base
from services.training.models.decoder_model import DecoderModel
from services.training.models.text_encoder import TextEncoder
from services.training.reporting.figures import Evaluation
from services.training.tasks.task import Setting
from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import FP32_MODEL, TOKENIZER, Calibration, DecoderShape
from shared.contracts.training.tasks import TaskName
from shared.decoding.writer import Writer

#: Tokens of the texts that graph and model are compared on.
DRAFT_LENGTH = 64


class Closable(Protocol):
    """A model that writes."""

    def close(self) -> None:
        """Free its memory."""


WriterT = TypeVar("WriterT", bound=Closable)
WriterIn = TypeVar("WriterIn", bound=Closable, contravariant=True)
WriterOut = TypeVar("WriterOut", bound=Closable, covariant=True)


class Evaluate(Protocol[WriterIn]):
    """How the answers of a model are judged."""

    def __call__(self, writer: WriterIn, rows: Sequence[Any], *, writes: bool) -> Evaluation:
        """Ask a model about rows; ``writes``: it is also to write its answers, which takes longest."""


class Open(Protocol[WriterOut]):
    """How a published model is opened."""

    def __call__(self, bundle: Bundle, *, threads: int) -> WriterOut:
        """See ``Writer.from_bundle``."""


def of_bundle(evaluate: Evaluate[WriterT], opened: Open[WriterT]) -> Callable[[Bundle, Sequence[Any], int], Evaluation]:
    """How a published model is judged."""

    def evaluate_bundle(bundle: Bundle, rows: Sequence[Any], threads: int) -> Evaluation:
        with closing(opened(bundle, threads=threads)) as writer:
            return evaluate(writer, rows, writes=True)

    return evaluate_bundle


def of_base(
    base: Base,
    task: TaskName,
    prompts: Callable[[TextEncoder], Sequence[Sequence[int]]],
    evaluate: Evaluate[Writer],
    rows: Sequence[Any],
) -> Evaluation:
    """How the base model does as it is, served like any other."""
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "bundle"
        folder.mkdir()
        encoder = TextEncoder.load(base.folder, DRAFT_LENGTH)
        encoder.save(folder / TOKENIZER)
        shape, _ = export_decoder(DecoderModel.load(base.folder, None, 0.0), folder, prompts(encoder))
        with closing(Writer.from_files(folder / FP32_MODEL, shape, base.name, task)) as writer:
            return evaluate(writer, rows, writes=True)


def of_decoder(setting: Setting, evaluate: Evaluate[Writer]) -> WriterVariants[Writer]:
    """The graphs of a decoder."""

    def opened(graph: Path) -> Writer:
        draft = setting.draft
        if not isinstance(draft.decoder, DecoderShape):
            raise TypeError("A decoder's export describes it.")
        return Writer.from_files(graph, draft.decoder, draft.model_id, draft.task, threads=setting.threads)

    return WriterVariants(setting, evaluate, opened, WRITING_SCHEMES)


class WriterVariants(Generic[WriterT]):
    """The graphs of a model that writes.

    Args:
        setting: Where they are.
        evaluate: How their answers are judged.
        opened: The model with the graph in a file.
        schemes: Ways to quantise it, fastest first.
    """

    def __init__(
        self,
        setting: Setting,
        evaluate: Evaluate[WriterT],
        opened: Callable[[Path], WriterT],
        schemes: Sequence[Scheme],
    ) -> None:
        self._setting = setting
        self._evaluate = evaluate
        self._opened = opened
        self.schemes = schemes

    def shown(self) -> list[Batch]:
        """None: these schemes look at the weights alone."""
        return []

    def try_out(self, file: str, scheme: Scheme | None) -> ExportedVariant:
        """Read the validation rows with the graph in ``file``."""
        found = self._read(file, self._setting.parts.validation, writes=False)
        return ExportedVariant(file, scheme, Calibration(), {}, found)

    def evaluate(self, candidate: ExportedVariant, rows: Sequence[Any]) -> Evaluation:
        """Read rows with a graph, and have it answer them, exactly as it will be served."""
        return self._read(candidate.file, rows, writes=rows is not self._setting.parts.validation)

    def _read(self, file: str, rows: Sequence[Any], *, writes: bool) -> Evaluation:
        with closing(self._opened(self._setting.folder / file)) as writer:
            return self._evaluate(writer, rows, writes=writes)

    def keep(self, candidate: ExportedVariant) -> None:
        """Nothing belongs beside the graph."""
