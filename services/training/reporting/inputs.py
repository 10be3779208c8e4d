"""What a model says of rows that it was not trained on, summed up: what is asked of it later is compared with this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.training.data.splitting import thinned
from shared.artifacts.bundle import Bundle
from shared.inference.input_profile import InputProfile, profile_of_predictions, profile_of_readings
from shared.inference.reading import Reader
from shared.inference.session import CPU
from shared.tasks.readers import open_predictor

#: Rows that are read.
_ROWS = 500
#: Tasks whose answers have a confidence.
_TASKS = ("nlu", "text_classification", "pair_classification")


def inputs_of(bundle: Bundle, rows: Sequence[Any], threads: int) -> InputProfile | None:
    """Read rows as they will be served; ``None`` for a task whose answers tell nothing that could drift."""
    if bundle.manifest.task not in _TASKS or not rows:
        return None
    predictor = open_predictor(bundle, threads=threads, providers=CPU)
    try:
        asked = thinned(rows, _ROWS)
        if isinstance(predictor, Reader):
            return profile_of_readings(predictor.read([row.text for row in asked], [row.context for row in asked]))
        return profile_of_predictions(predictor.predict(asked))
    finally:
        predictor.close()
