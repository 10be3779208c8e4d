"""Which graph is served: the fastest that is nearly as good as the one that was exported."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from services.training.exporting.quantization import Scheme, quantise
from services.training.fitting.batching import Batch
from services.training.reporting.figures import Evaluation, points_lost
from shared.artifacts.manifest import FP32_MODEL, Calibration
from shared.inference.session import FloatArray

#: Points (of 100) that the worst score may lose through quantisation.
MAX_LOSS = 0.5


@dataclass(frozen=True, slots=True)
class ExportedVariant:
    """A graph with what reading with it takes, and how well it reads the validation rows.

    Attributes:
        file: Its name in the bundle.
        scheme: How it was quantised, or ``None``.
        calibration: Made from its own outputs.
        arrays: What else reading with it takes, by the file that keeps it.
        validation: Its evaluation on the validation rows.
    """

    file: str
    scheme: Scheme | None
    calibration: Calibration
    arrays: Mapping[str, FloatArray]
    validation: Evaluation


class Variants(Protocol):
    """The graphs of a model in a folder, tried out just as they would be served."""

    @property
    def schemes(self) -> Sequence[Scheme]:
        """Ways to quantise, fastest first."""

    def shown(self) -> Sequence[Batch]:
        """Texts like those that will be read, each a batch of its own: they show the ranges of activations."""

    def try_out(self, file: str, scheme: Scheme | None) -> ExportedVariant:
        """Calibrate the graph in a file and read the validation rows with it."""

    def evaluate(self, candidate: ExportedVariant, rows: Sequence[Any]) -> Evaluation:
        """Read rows with a graph, exactly as it will be served."""

    def keep(self, candidate: ExportedVariant) -> None:
        """Write what belongs to the graph beside it."""


def choose(
    variants: Variants, folder: Path, validation: Sequence[Any], quality: Sequence[str]
) -> tuple[ExportedVariant, float | None]:
    """The fastest graph that is nearly as good as the fp32 one, and the points that it loses.

    Leaves the chosen int8 file in the folder, or none: then the fp32 graph is chosen and the loss is ``None``.

    Args:
        variants: Tries them out.
        folder: Holds the fp32 graph.
        validation: Rows to judge them by.
        quality: The scores that count.
    """
    plain = variants.try_out(FP32_MODEL, None)
    texts = variants.shown()
    for scheme in variants.schemes:
        for source, target in scheme.files():
            quantise(folder / source, folder / target, scheme, texts)
        # Most fail on the labels alone, so the calibration of their own is only made for one that does not.
        first = dataclasses.replace(plain, file=scheme.file, scheme=scheme)
        if points_lost(plain.validation, variants.evaluate(first, validation), quality) <= MAX_LOSS:
            small = variants.try_out(scheme.file, scheme)
            lost = points_lost(plain.validation, small.validation, quality)
            if lost <= MAX_LOSS:
                return small, lost
        for _, target in scheme.files():
            (folder / target).unlink()
    return plain, None
