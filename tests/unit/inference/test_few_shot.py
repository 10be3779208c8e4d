from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from shared.contracts.training.few_shot import FewShot, FewShotLabel
from shared.tasks.text_classification.few_shot import FewShotReader
from shared.tasks.text_classification.record import Input

WORDS = ("parcel", "money", "hours")


class Counting:
    """Embeds a text by which of three words it holds."""

    def __init__(self) -> None:
        self.is_closed = False

    def embed_counted(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[int]]:
        counts = np.array([[float(word in text) + 0.01 for word in WORDS] for text in texts], np.float32)
        unit: NDArray[np.float32] = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        return unit, [len(text) for text in texts]

    def close(self) -> None:
        self.is_closed = True


LABELS = (
    FewShotLabel(name="track", examples=("where is my parcel", "the parcel is late")),
    FewShotLabel(name="refund", description="wants money back"),
    FewShotLabel(name="hours"),
)


def test_the_nearest_label_is_told_by_examples_descriptions_and_names() -> None:
    embedder = Counting()
    reader = FewShotReader("fs:kinds:1", FewShot(labels=LABELS, embedder="ft:one"), embedder)
    texts = ("my parcel!", "money please", "your hours?")
    answers = [prediction.answer for prediction in reader.predict([Input(text=text) for text in texts])]
    assert [answer["label"] for answer in answers] == ["track", "refund", "hours"]
    assert all(sum(answer["probabilities"].values()) == pytest.approx(1) for answer in answers)
    reader.close()
    assert embedder.is_closed


def test_a_label_is_there_once_and_there_are_two() -> None:
    with pytest.raises(ValidationError, match="twice"):
        FewShot(labels=(LABELS[0], LABELS[0]), embedder="ft:one")
    with pytest.raises(ValidationError):
        FewShot(labels=LABELS[:1], embedder="ft:one")


def test_a_few_examples_that_are_told_right_make_nobody_certain() -> None:
    labels = tuple(FewShotLabel(name=word, examples=(f"my {word}",)) for word in WORDS)
    reader = FewShotReader("fs:kinds:1", FewShot(labels=labels, embedder="ft:one"), Counting())
    (prediction,) = reader.predict([Input(text="the parcel")])
    assert prediction.answer["label"] == "parcel"
    assert prediction.answer["confidence"] < 0.999
