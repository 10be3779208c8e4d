"""``python -m tests.load.scope_weights``: which weights of the scope score tell unknown intents best.

Test rows are not touched. Of the training rows of each set a quarter of the intents is held out: a model that never saw them
has to tell them from held-out rows of the others. Printed is the recall of unknown rows where 5 % of the known ones are
rejected, the mean over two draws, for the best weights and for each signal alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from services.training.checkpoint import CheckpointFolder
from services.training.encoding import TextEncoder
from services.training.fitting import fit
from services.training.labels import LabelSpace
from services.training.model import MINILM, JointModel, base_path
from services.training.prediction import predict
from services.training.recipe import resolve
from shared.artifacts.manifest import ScopeCalibration
from shared.contracts.understanding import OUT_OF_SCOPE
from shared.inference.scope import DEFAULT_WEIGHTS, scope_score
from shared.rows.row import Row
from tests.load.quality_data import SOURCES
from tests.load.quality_run import SPEC, Progress
from tests.load.quality_scope import recall_at_rejection

_SETS = ("hint3-curekart", "hint3-powerplay11", "hint3-sofmattress", "starter")
_DRAWS = (0, 1)
_HELD_OUT = 0.25
_KNOWN_TEST_ROWS = 0.3
_SHOWN = 8

Weights = tuple[float, float, float]
"""Of ``nearest``, ``logit`` and ``confidence``."""

_ALONE: tuple[Weights, ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_GRID: tuple[Weights, ...] = tuple(
    (1.0, logit, confidence)
    for logit, confidence in itertools.product((0.0, 0.0125, 0.025, 0.05, 0.1, 0.2), (0.0, 0.125, 0.25, 0.5, 1.0, 2.0))
)


def main() -> None:
    """Measure, and print a table."""
    recalls: dict[Weights, list[float]] = {weights: [] for weights in dict.fromkeys((*_GRID, *_ALONE))}
    for name in _SETS:
        drawn = [_recalls(_intents_only(name), seed) for seed in _DRAWS]
        for weights, of_set in recalls.items():
            of_set.append(float(np.mean([draw[weights] for draw in drawn])))
        print(f"{name}: done", flush=True)
    chosen = (DEFAULT_WEIGHTS["nearest"], DEFAULT_WEIGHTS["logit"], DEFAULT_WEIGHTS["confidence"])
    best = sorted(recalls, key=lambda weights: -np.mean(recalls[weights]))[:_SHOWN]
    print(f"{'nearest, logit, confidence':28}{'mean':>7}" + "".join(f"{name:>20}" for name in _SETS))
    for weights in dict.fromkeys((*best, *_ALONE, chosen)):
        shown = "".join(f"{100 * recall:>20.1f}" for recall in recalls[weights])
        kept = "  (kept)" if weights == chosen else ""
        print(f"{weights!s:28}{100 * np.mean(recalls[weights]):>7.1f}{shown}{kept}")


def _intents_only(name: str) -> list[Row]:
    parts = SOURCES[name].read()
    rows = (*parts.train, *parts.validation)
    return [Row(row.text, intent=row.intent) for row in rows if row.intent not in (None, OUT_OF_SCOPE)]


def _recalls(rows: Sequence[Row], seed: int) -> dict[Weights, float]:
    """The recall by weights, of one model."""
    chance = np.random.default_rng(seed)
    intents = sorted({str(row.intent) for row in rows})
    unknown = set(chance.permutation(intents)[: max(2, round(_HELD_OUT * len(intents)))])
    known = [row for row in rows if row.intent not in unknown]
    order = chance.permutation(len(known))
    cut = round(_KNOWN_TEST_ROWS * len(known))
    train = [known[place] for place in order[cut:]]
    labels = LabelSpace.of(train)
    test = [known[place] for place in order[:cut] if known[place].intent in labels.intents]
    test += [row for row in rows if row.intent in unknown]
    return _judge(train, test, labels)


def _judge(train: Sequence[Row], test: Sequence[Row], labels: LabelSpace) -> dict[Weights, float]:
    encoder = TextEncoder.load(base_path(MINILM), SPEC.tuning.max_length)
    recipe = resolve(SPEC, len(train), has_entities=False)
    model = JointModel.load(base_path(MINILM), labels, recipe.dropout)
    examples = encoder.encode(train, labels)
    with TemporaryDirectory(prefix="parley-scope-") as folder:
        fit(model, examples, (), recipe, checkpoints=CheckpointFolder(Path(folder)), observer=Progress())
    neighbours = predict(model, examples).embeddings
    found = predict(model, encoder.encode(test, labels))
    assert found.intent is not None
    is_known = np.array([row.intent in labels.intents for row in test])
    recalls = {}
    for weights in dict.fromkeys((*_GRID, *_ALONE)):
        named = dict(zip(("nearest", "logit", "confidence"), weights, strict=True))
        calibration = ScopeCalibration(weights=named, threshold=0.0, in_scope_rejection=0.0)
        scores = scope_score(found.intent, found.embeddings, neighbours, calibration)
        recalls[weights] = recall_at_rejection(scores, is_known)
    return recalls


if __name__ == "__main__":
    main()
