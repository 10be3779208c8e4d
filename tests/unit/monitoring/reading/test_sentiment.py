from __future__ import annotations

from services.monitoring.reading.sentiment import UNTOLD, Felt, of_probabilities, of_understanding, together
from shared.contracts.chat.understanding import Sentiment, Understanding


def test_scores_are_whole_thousandths() -> None:
    told = Understanding(model="m", intent=None, sentiment=Sentiment(label="negative", score=-0.61249, confidence=0.7))
    assert of_understanding(told) == Felt("negative", -612, 700)
    assert of_probabilities({"probabilities": {"negative": 0.1, "neutral": 0.2, "positive": 0.7}}) == Felt(
        "positive", 600, 700
    )


def test_a_model_that_tells_something_else_tells_nothing() -> None:
    assert of_understanding(Understanding(model="m", intent=None)) == UNTOLD
    assert of_probabilities({"probabilities": {"sports": 1.0}}) == of_probabilities({"label": "x"}) == UNTOLD


def test_pieces_are_as_weighty_as_they_are_long() -> None:
    felt = together([Felt("negative", -900, 900), Felt("positive", 500, 600), UNTOLD], [10, 30, 500])
    assert felt == Felt("positive", 150, 450)
    assert together([UNTOLD], [3]) == UNTOLD
