"""``python -m tests.load.inference``: how batches are best made, on this machine, all in one run.

The model is MiniLM with untrained heads, exported and quantised as training does it; the texts are the utterances of
the starter bot. Every cell is the best of several rounds, the rounds of all cells taking turns, so that whatever else the
machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from services.training.data.splitting import thinned
from services.training.exporting.activation_scales import ENOUGH_TEXTS
from services.training.exporting.onnx_export import export
from services.training.exporting.quantization import SCHEMES, quantise
from services.training.fitting.batching import together
from services.training.models.base_models import base_path
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.nlu.examples import collate, examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.task import TASK
from shared.artifacts.bundle import Bundle, write_bundle
from shared.artifacts.layout import MINILM
from shared.artifacts.manifest import FP32_MODEL, INT8_MODEL, TOKENIZER
from shared.inference.batching import CPU_BATCH
from shared.inference.reader import TextReader
from shared.inference.session import OnnxSession
from shared.inference.tokens import Encoded, Tokens
from shared.rows.reader import read_rows
from shared.tasks.nlu.row import Row
from shared.tasks.records import kind_by_fields
from tests.load.quality_run import SPEC, draft_manifest

MAX_LENGTH = SPEC.schedule.max_length
SIZES = (1, 8, 32, 64)


@dataclass
class Cell:
    """One thing that is timed: ``run`` reads ``texts`` texts."""

    name: str
    texts: int
    run: Callable[[], object]
    wall: float = np.inf
    cpu: float = field(default=np.inf)

    def round(self) -> None:
        """Run once, and keep the best seconds a text."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.run()
        self.wall = min(self.wall, (time.perf_counter() - wall) / self.texts)
        self.cpu = min(self.cpu, (time.process_time() - cpu) / self.texts)


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="rounds of every cell (default: 12)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads of the wide reader")
    options = parser.parse_args()
    rows = _rows()
    with TemporaryDirectory(prefix="parley-bench-") as folder:
        for scheme_name, bundle in _bundles(Path(folder), rows):
            texts = [row.text for row in rows]
            cells = [cell for size in SIZES for cell in _cells(bundle, texts, size, options.threads)]
            for _ in range(options.rounds):
                for cell in cells:
                    cell.round()
            _print(scheme_name, cells)


def _rows() -> list[Row]:
    content = (resources.files("shared.starter") / "utterances.jsonl").read_bytes()
    rows = read_rows(BytesIO(content), "jsonl", kind_by_fields).rows
    return [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]


def _bundles(folder: Path, rows: Sequence[Row]) -> list[tuple[str, Bundle]]:
    """The same model in fp32 and in the fastest int8."""
    labels = LabelSpace.of(rows)
    model = JointModel.load(base_path(MINILM), labels, dropout=0.0)
    _see_no_entities(model)
    encoder = TextEncoder.load(base_path(MINILM), MAX_LENGTH)
    plain, small = folder / "fp32", folder / "int8"
    plain.mkdir()
    small.mkdir()
    export(model, TASK, plain, examples_of(encoder, rows[:64], labels))
    shown = examples_of(encoder, thinned(rows, ENOUGH_TEXTS), labels)
    texts = [together([example], collate) for example in shown]
    quantise(plain / FP32_MODEL, small / INT8_MODEL, SCHEMES[0], texts)
    encoder.save(plain / TOKENIZER)
    encoder.save(small / TOKENIZER)
    drafts = [(FP32_MODEL, plain), (INT8_MODEL, small)]
    draft = draft_manifest(model)
    return [(file, write_bundle(place, draft.model_copy(update={"served_file": file}))) for file, place in drafts]


def _see_no_entities(model: JointModel) -> None:
    """An untrained tag head sees entities in every token, which no real one does; decoding them would be measured."""
    assert model.tags is not None
    torch.nn.init.zeros_(model.tags.weight)
    model.tags.bias.data[0] = 5.0  # the tag "O"


def _cells(bundle: Bundle, texts: Sequence[str], size: int, threads: int) -> list[Cell]:
    chosen = list(texts[: max(size, 8)])  # single texts are too short to be timed alone
    tokens = Tokens.from_file(bundle.path(TOKENIZER), MAX_LENGTH)
    encoded = tokens.encode(chosen)
    session = OnnxSession.open(bundle.path(bundle.manifest.served_file))
    narrow = TextReader.from_bundle(bundle, threads=1)
    wide = TextReader.from_bundle(bundle, threads=threads)
    calls = [chosen[start : start + size] for start in range(0, len(chosen), size)]
    return [
        Cell(f"{size}: model, one by one", len(chosen), lambda: _run(session, encoded, 1)),
        Cell(
            f"{size}: model, sorted, {CPU_BATCH} at a time",
            len(chosen),
            lambda: _run(session, _sorted(encoded), min(CPU_BATCH, size)),
        ),
        Cell(f"{size}: model, one padded batch", len(chosen), lambda: _run(session, encoded, size)),
        Cell(f"{size}: TextReader, 1 thread", len(chosen), lambda: [narrow.read(call) for call in calls]),
        Cell(f"{size}: TextReader, {threads} threads", len(chosen), lambda: [wide.read(call) for call in calls]),
    ]


def _sorted(encoded: Sequence[Encoded]) -> list[Encoded]:
    return sorted(encoded, key=lambda item: len(item.ids))


def _run(session: OnnxSession, encoded: Sequence[Encoded], size: int) -> None:
    for start in range(0, len(encoded), size):
        batch = encoded[start : start + size]
        width = max(len(item.ids) for item in batch)
        ids = np.array([item.ids + [0] * (width - len(item.ids)) for item in batch], dtype=np.int64)
        session.run(ids, (np.arange(width) < np.array([[len(item.ids)] for item in batch])).astype(np.int64))


def _print(model: str, cells: Sequence[Cell]) -> None:
    print(f"\n{model}\n{'texts in a call: way':<42}{'texts/s':>9}{'CPU ms/text':>13}{'CPU, of one padded batch':>26}")
    for cell in cells:
        size = cell.name.partition(":")[0]
        padded = next(other for other in cells if other.name == f"{size}: model, one padded batch")
        print(f"{cell.name:<42}{1 / cell.wall:>9.0f}{cell.cpu * 1e3:>13.2f}{cell.cpu / padded.cpu:>26.2f}")


if __name__ == "__main__":
    main()
