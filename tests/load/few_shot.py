"""``python -m tests.load.few_shot``: labels without a job on BANKING77, by the embeddings of MiniLM as it is installed.

Prints accuracy on the test rows for so many examples a label (mean of three draws) and, without any, for the labels' names.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from services.training.fitting.prediction import predicted
from services.training.models.base_models import base_path
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.embedding.examples import Example, collate
from services.training.tasks.embedding.model import EmbeddingModel
from shared.artifacts.layout import MINILM
from shared.contracts.training.few_shot import FewShot, FewShotLabel
from shared.tasks.embedding.reader import OUTPUT
from shared.tasks.text_classification.few_shot import FewShotReader
from shared.tasks.text_classification.record import Input
from tests.load.task_sets import records

COUNTS = (0, 1, 3, 5, 10, 20)
DRAWS = 3


class Base:
    """The embeddings of the base model, each text's made once."""

    def __init__(self) -> None:
        folder = base_path(MINILM)
        self._encoder = TextEncoder.load(folder, 128)
        self._model = EmbeddingModel.load(folder, None, 0.0)
        self._known: dict[str, NDArray[np.float32]] = {}

    def embed_counted(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[int]]:
        """The vectors of texts; nobody asks for their tokens."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            examples = [Example(tuple(encoded.ids)) for encoded in self._encoder.tokens.encode(new)]
            self._known |= dict(zip(new, predicted(self._model, examples, collate)[OUTPUT], strict=True))
        return np.stack([self._known[text] for text in texts]), [0] * len(texts)

    def close(self) -> None:
        """Nothing is held but memory."""


def main() -> None:
    """Measure each count."""
    sides, base = records("banking77"), Base()
    by_label: defaultdict[str, list[str]] = defaultdict(list)
    for row in sides["train"]:
        by_label[row["label"]].append(row["text"])
    print("| examples a label | accuracy |\n|---|---|")
    for count in COUNTS:
        found = [_accuracy(base, by_label, sides["test"], count, seed) for seed in range(DRAWS if count else 1)]
        print(f"| {count} | {100 * mean(found):.1f} |", flush=True)


def _accuracy(base: Base, by_label: dict[str, list[str]], test: list[dict[str, str]], count: int, seed: int) -> float:
    chance = random.Random(seed)
    labels = tuple(
        FewShotLabel(name=name, examples=tuple(chance.sample(texts, min(count, len(texts)))))
        for name, texts in sorted(by_label.items())
    )
    reader = FewShotReader("fs:banking", FewShot(labels=labels, embedder="base"), base)
    answers = reader.predict([Input(text=row["text"]) for row in test])
    return float(mean(answer.answer["label"] == row["label"] for answer, row in zip(answers, test, strict=True)))


if __name__ == "__main__":
    main()
