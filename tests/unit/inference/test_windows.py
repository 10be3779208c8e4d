from __future__ import annotations

import numpy as np
import pytest

from shared.contracts.chat.understanding import (
    OUT_OF_SCOPE,
    EntitySpan,
    IntentScore,
    Sentiment,
    SentimentLabel,
    Understanding,
)
from shared.inference.reading import Reading
from shared.inference.tokens import MAX_WINDOWS, Encoded
from shared.inference.windows import combined, mean_direction

NEUTRAL = Sentiment(label="neutral", score=0.0, confidence=0.9)


def window(start: int, end: int) -> Encoded:
    return Encoded([1, 5, 2], [(0, 0), (start, end), (0, 0)], [False] * 3)


def reading(
    intent: str, confidence: float, *entities: tuple[int, int], sentiment: Sentiment = NEUTRAL, embedding: int = 0
) -> Reading:
    spans = tuple(EntitySpan(start=s, end=e, label="city", text="x" * (e - s), confidence=0.9) for s, e in entities)
    score = IntentScore(name=intent, confidence=confidence)
    told = Understanding(model="m", intent=score, ranking=(score,), entities=spans, sentiment=sentiment, tokens=3)
    return Reading(told, np.eye(4, dtype=np.float32)[embedding], 3)


def feeling(label: SentimentLabel, score: float, confidence: float) -> Sentiment:
    return Sentiment(label=label, score=score, confidence=confidence)


def test_a_text_of_one_window_is_read_as_that_window() -> None:
    only = reading("greet", 0.9)
    assert combined([window(0, 9)], [only]) is only


def test_what_is_said_once_at_the_end_counts() -> None:
    happy, angry = feeling("positive", 0.92, 0.95), feeling("negative", -0.96, 0.97)
    whole = combined(
        [window(0, 90), window(80, 160)],
        [reading("thanks", 0.6, sentiment=happy), reading("complaint", 0.9, sentiment=angry, embedding=1)],
    )
    assert whole.understanding.intent is not None
    assert whole.understanding.intent.name == "complaint"
    assert whole.understanding.sentiment is not None
    assert whole.understanding.sentiment.label == "negative"
    assert sum(score.confidence for score in whole.understanding.ranking) == pytest.approx(1.0)
    assert whole.tokens == 6
    assert np.linalg.norm(whole.embedding) == pytest.approx(1.0)


def test_a_text_is_out_of_scope_only_if_every_window_is() -> None:
    outside, inside = reading(OUT_OF_SCOPE, 0.9), reading("greet", 0.5)
    mixed = combined([window(0, 90), window(80, 160)], [outside, inside]).understanding.intent
    none = combined([window(0, 90), window(80, 160)], [outside, outside]).understanding.intent
    assert mixed is not None
    assert none is not None
    assert (mixed.name, none.name) == ("greet", OUT_OF_SCOPE)


def test_an_entity_that_two_windows_saw_is_there_once() -> None:
    first = reading("greet", 0.9, (10, 14), (82, 84), (87, 90))  # the last is what the window's end left of 87..95
    second = reading("greet", 0.9, (82, 84), (87, 95), (150, 155))
    whole = combined([window(0, 90), window(80, 160)], [first, second])
    assert [(span.start, span.end) for span in whole.understanding.entities] == [
        (10, 14),
        (82, 84),
        (87, 95),
        (150, 155),
    ]


def test_a_text_that_was_not_read_to_its_end_says_so() -> None:
    windows = [window(9 * n, 9 * n + 10) for n in range(MAX_WINDOWS + 1)]
    assert combined(windows, [reading("greet", 0.9)] * MAX_WINDOWS).understanding.truncated
    assert not combined(windows[:-1], [reading("greet", 0.9)] * MAX_WINDOWS).understanding.truncated


def test_the_mean_of_nothing_is_nothing() -> None:
    assert not mean_direction(np.zeros((2, 3), np.float32)).any()
