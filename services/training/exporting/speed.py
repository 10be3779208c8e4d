"""How many texts graphs read in a second, side by side: only ratios taken in one run say anything."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from services.training.exporting.onnx_export import read
from services.training.fitting.batching import Collate, batches
from shared.inference.batching import CPU_BATCH
from shared.inference.session import OnnxSession

#: Rounds of every graph; the best counts, since whatever else the machine does only ever costs time.
_ROUNDS = 5


class Reading(NamedTuple):
    """A graph, and the texts that it reads.

    Attributes:
        graph: Its file.
        examples: The texts as its ids.
    """

    graph: Path
    examples: Sequence[Any]


def texts_per_second(readings: Mapping[str, Reading], collate: Collate[Any]) -> dict[str, float]:
    """The speed of each graph, by its name: on one thread, in batches as they are served, the rounds of all taking turns."""
    sessions = {name: OnnxSession.open(one.graph) for name, one in readings.items()}
    inputs = {
        name: [tuple(tensor.numpy() for tensor in read(batch)) for batch in batches(one.examples, CPU_BATCH, collate)]
        for name, one in readings.items()
    }
    best = dict.fromkeys(readings, float("inf"))
    for _ in range(_ROUNDS):
        for name, session in sessions.items():
            began = time.perf_counter()
            for arrays in inputs[name]:
                session.run(*arrays)
            best[name] = min(best[name], (time.perf_counter() - began) / len(readings[name].examples))
    for session in sessions.values():
        session.close()
    return {name: 1 / seconds for name, seconds in best.items()}
