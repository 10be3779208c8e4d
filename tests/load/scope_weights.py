"""``python -m tests.load.scope_weights``: which weights of the scope score tell unknown intents best.

Test rows are not touched. Of the training rows of each set a quarter of the intents is held out, and a model that never saw
them has to tell held-out rows of the other intents from two kinds of strangers: those of its own domain (the intents held out)
and those of others (rows of the other sets, and the starter's out-of-scope rows). Printed is the recall where 5 % of the known
rows are rejected, the mean over both kinds and two draws, for the best weights and for each signal alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from services.training.fitting.checkpoint import CheckpointFolder
from services.training.fitting.loop import fit
from services.training.models.base_models import base_path
from services.training.models.encoder import encoder_width
from services.training.models.text_encoder import TextEncoder
from services.training.pipeline import plan
from services.training.tasks.nlu.examples import examples_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import Predictions, predict
from shared.artifacts.layout import MINILM
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.inference.scope import DEFAULT_WEIGHTS, FloatArray, scope_score
from shared.tasks.nlu.row import Row
from tests.load.quality_data import SOURCES
from tests.load.quality_run import SPEC, Progress
from tests.load.quality_scope import recall_at_rejection

_SETS = ("hint3-curekart", "hint3-powerplay11", "hint3-sofmattress", "starter")
_DRAWS = (0, 1)
_HELD_OUT = 0.25
_KNOWN_TEST_ROWS = 0.3
_SHOWN = 8
#: Rows that each other set lends as strangers.
_STRANGERS = 100

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
    rows = {name: _labelled(name) for name in _SETS}
    for name in _SETS:
        elsewhere = [row for other in _SETS if other != name for row in rows[other][:_STRANGERS]]
        elsewhere += _out_of_scope("starter")
        drawn = [_recalls(rows[name], elsewhere, seed) for seed in _DRAWS]
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


def _labelled(name: str) -> list[Row]:
    return [Row(row.text, intent=row.intent) for row in _rows(name) if row.intent not in (None, OUT_OF_SCOPE)]


def _out_of_scope(name: str) -> list[Row]:
    return [Row(row.text, intent=OUT_OF_SCOPE) for row in _rows(name) if row.intent == OUT_OF_SCOPE]


def _rows(name: str) -> Sequence[Row]:
    parts = SOURCES[name].read()
    return (*parts.train, *parts.validation)


def _recalls(rows: Sequence[Row], elsewhere: Sequence[Row], seed: int) -> dict[Weights, float]:
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
    near = [row for row in rows if row.intent in unknown]
    return _judge(train, (test, near, elsewhere), labels)


def _judge(
    train: Sequence[Row], test: tuple[Sequence[Row], Sequence[Row], Sequence[Row]], labels: LabelSpace
) -> dict[Weights, float]:
    """The recall by weights; ``test`` holds the known rows, the strangers of the domain and those of others."""
    base = base_path(MINILM)
    encoder = TextEncoder.load(base, SPEC.schedule.max_length)
    how, recipe = plan(SPEC, labels, len(train), width=encoder_width(base))
    model = JointModel.load(base, labels, recipe.dropout)
    examples = examples_of(encoder, train, labels)
    with TemporaryDirectory(prefix="parley-scope-") as folder:
        checkpoints = CheckpointFolder(Path(folder))
        fit(model, examples, (), recipe, how, checkpoints=checkpoints, callback=Progress())
    neighbours = predict(model, examples).embeddings
    found = [predict(model, examples_of(encoder, rows, labels)) for rows in test]
    recalls = {}
    for weights in dict.fromkeys((*_GRID, *_ALONE)):
        named = dict(zip(("nearest", "logit", "confidence"), weights, strict=True))
        known, near, far = (_scores(outputs, neighbours, named) for outputs in found)
        recalls[weights] = float(np.mean([_recall(known, near), _recall(known, far)]))
    return recalls


def _scores(found: Predictions, neighbours: FloatArray, weights: dict[str, float]) -> FloatArray:
    assert found.intent is not None
    return scope_score(found.intent, found.embeddings, neighbours, weights)


def _recall(known: FloatArray, strangers: FloatArray) -> float:
    inside = np.arange(len(known) + len(strangers)) < len(known)
    return recall_at_rejection(np.concatenate((known, strangers)), inside)


if __name__ == "__main__":
    main()
