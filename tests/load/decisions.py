"""``python -m tests.load.decisions [ROWS]``: how right decisions of MiniLM are, and how far their probabilities can be trusted.

A choice among labels by their names, by five examples of each, and statements ("The text is about NAME.", half of them true); with the
expected calibration error in 15 bins (Guo et al. 2017). The two numbers of a statement without examples are fitted on rows that are not judged.
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from services.nlu import decisions
from services.training.exporting.base_models import publish
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import MINILM, model_key
from shared.artifacts.local import LocalStore
from shared.contracts.chat.decisions import DecisionOption, DecisionQuestion
from shared.inference.predictor import Predictor
from shared.tasks.readers import open_predictor
from tests.load.task_sets import records

BINS = 15
EXAMPLES = 5
Rows = Sequence[tuple[str, str]]
Judged = list[tuple[float, bool]]


def main() -> None:
    """Print a table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        publish(MINILM, store)
        model = open_predictor(Bundle.open(store.fetch_folder(model_key(MINILM), Path(folder))))
        print("| set | question | accuracy | calibration error |\n|---|---|---|---|")
        for name in ("banking77", "sst2"):
            sides = records(name)
            test = [(row["text"], row["label"]) for row in sides["test"]]
            train = [(row["text"], row["label"]) for row in sides["train"]]
            random.Random(0).shuffle(test)
            random.Random(0).shuffle(train)
            _report(name, "choice by names", _choices(model, test[:rows], train, examples=0))
            _report(name, f"choice by {EXAMPLES} examples", _choices(model, test[:rows], train, examples=EXAMPLES))
            _report(name, "statements", _statements(model, test[:rows]))
            _fit(model, train[:rows])


def _report(name: str, question: str, judged: Judged) -> None:
    accuracy = np.mean([right for _, right in judged])
    print(f"| {name} | {question} | {accuracy:.3f} | {_error(judged):.3f} |", flush=True)


def _error(judged: Judged) -> float:
    confidence = np.array([sure for sure, _ in judged])
    right = np.array([float(one) for _, one in judged])
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(confidence[bins == one].mean() - right[bins == one].mean()) * (bins == one).mean() for one in set(bins)]
    return float(sum(gaps))


def _choices(model: Predictor, test: Rows, train: Rows, *, examples: int) -> Judged:
    known: defaultdict[str, list[str]] = defaultdict(list)
    for text, label in train:
        if len(known[label]) < examples:
            known[label].append(text)
    labels = sorted({label for _, label in train})
    options = tuple(DecisionOption(name=label, examples=tuple(known[label])) for label in labels)
    question = DecisionQuestion(kind="choice", instructions="Which?", options=options)
    vectors, judged = decisions.TextVectors(), []
    for text, label in test:
        told = decisions.decide(model, vectors, text, [question])[0][0]
        best = int(np.argmax(told))
        judged.append((told[best], labels[best] == label))
    return judged


def _statement(label: str) -> DecisionQuestion:
    options = (DecisionOption(name="true"), DecisionOption(name="false"))
    words = f"The text is about {label.replace('_', ' ')}."
    return DecisionQuestion(kind="predicate", instructions=words, options=options)


def _pairs(rows: Rows) -> list[tuple[str, str, bool]]:
    labels = sorted({label for _, label in rows})
    draw = random.Random(1)
    others = [(text, draw.choice([one for one in labels if one != label]), False) for text, label in rows]
    return [(text, label, True) for text, label in rows] + others


def _statements(model: Predictor, rows: Rows) -> Judged:
    vectors, judged = decisions.TextVectors(), []
    for text, label, holds in _pairs(rows):
        yes = decisions.decide(model, vectors, text, [_statement(label)])[0][0][0]
        judged.append((max(yes, 1 - yes), (yes >= 0.5) == holds))
    return judged


def _fit(model: Predictor, rows: Rows) -> None:
    """The numbers that make statements of these rows likeliest."""
    vectors, odds, truths = decisions.TextVectors(), [], []
    for text, label, holds in _pairs(rows):
        yes = decisions.decide(model, vectors, text, [_statement(label)])[0][0][0]
        odds.append(float(np.log(yes / (1 - yes))) / decisions.SLOPE + decisions.LIKELY_AS_NOT)
        truths.append(holds)
    near, told = np.array(odds), np.array(truths, float)

    def likelihood(slope: float, middle: float) -> float:
        score = slope * (near - middle)
        return float(-np.logaddexp(0, np.where(told > 0, -score, score)).mean())

    grid = [(slope, middle) for slope in np.arange(4, 40, 2.0) for middle in np.arange(0.05, 0.8, 0.025)]
    slope, middle = max(grid, key=lambda pair: likelihood(*pair))
    print(f"fitted: LIKELY_AS_NOT={middle:.3f} SLOPE={slope:.0f}", flush=True)


if __name__ == "__main__":
    main()
