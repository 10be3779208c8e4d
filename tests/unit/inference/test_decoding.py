from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.inference.decoding import WORD_BREAK_COST, TagDecoder, read_sentiment, softmax
from shared.inference.session import FloatArray
from shared.inference.tokens import Encoded, Tokens

TAGS = ("O", "B-city", "I-city", "B-date", "I-date")
DECODER = TagDecoder(TAGS)


def logits_for(encoded: Encoded, tags: dict[int, str], margin: float = 8.0) -> FloatArray:
    """Logits that prefer ``tags`` (by token, special tokens counted), ``O`` elsewhere, by ``margin``."""
    logits = np.zeros((len(encoded.ids), len(TAGS)), dtype=np.float32)
    for token in range(len(encoded.ids)):
        logits[token, TAGS.index(tags.get(token, "O"))] = margin
    return logits


def decoded(tokens: Tokens, text: str, tags: dict[int, str], decoder: TagDecoder = DECODER) -> list[tuple[str, str]]:
    (encoded,) = tokens.encode([text])
    spans = decoder.decode(logits_for(encoded, tags), encoded, text)
    for span in spans:
        assert span.text == text[span.start : span.end]
    return [(span.label, span.text) for span in spans]


def test_an_entity_runs_from_its_first_token_to_its_last(tokens: Tokens) -> None:
    text = "to New York City tomorrow"
    tags = {2: "B-city", 3: "I-city", 4: "I-city", 5: "B-date"}
    assert decoded(tokens, text, tags) == [("city", "New York City"), ("date", "tomorrow")]


@pytest.mark.parametrize(
    ("text", "tags", "entities"),
    [
        ("to New York", {2: "B-city", 3: "B-city"}, [("city", "New York")]),
        ("to New York City", {2: "B-city", 3: "B-city", 4: "I-city"}, [("city", "New York City")]),
        ("Rome, Paris", {1: "B-city", 3: "B-city"}, [("city", "Rome"), ("city", "Paris")]),
        ("Rome  Paris", {1: "B-city", 2: "B-city"}, [("city", "Rome"), ("city", "Paris")]),
        ("北京", {1: "B-city", 2: "B-city"}, [("city", "北"), ("city", "京")]),
        ("Rome tomorrow", {1: "B-city", 2: "B-date"}, [("city", "Rome"), ("date", "tomorrow")]),
    ],
)
def test_neighbours_of_one_label_with_one_blank_between_are_one(
    tokens: Tokens, text: str, tags: dict[int, str], entities: list[tuple[str, str]]
) -> None:
    assert decoded(tokens, text, tags) == entities


def test_neighbours_stay_two_where_rows_were_labelled_so(tokens: Tokens) -> None:
    apart = TagDecoder(TAGS, apart=("city",))
    assert decoded(tokens, "Rome Paris", {1: "B-city", 2: "B-city"}, apart) == [("city", "Rome"), ("city", "Paris")]


@pytest.mark.parametrize(
    ("text", "token", "entity"),
    [
        ("go to cafe\u0301", 3, "cafe\u0301"),  # the tokenizer strips the accent; it is part of the entity
        ("go to Zu\u0308rich now", 3, "Zu\u0308rich"),
        ("👩‍👩‍👧 to 北京", 6, "北"),
        ("a\x00b in 上海", 2, "in"),
        ("İstanbul", 1, "İstanbul"),
    ],
)
def test_spans_are_exact_in_any_script(tokens: Tokens, text: str, token: int, entity: str) -> None:
    assert decoded(tokens, text, {token: "B-city"}) == [("city", entity)]


def test_two_entities_never_share_a_character(tokens: Tokens) -> None:
    text = "서울"  # a syllable is several tokens, all at the same place
    assert decoded(tokens, text, {1: "B-city", 2: "B-date", 3: "O"}) in ([("city", "서")], [("date", "서")])


def test_an_inside_tag_that_follows_nothing_becomes_the_likeliest_legal_reading() -> None:
    encoded = Encoded([7, 8], [(0, 2), (3, 5)], [False, False])
    logits = np.array([[2.0, 1.9, 0, 0, 0], [0, 0, 5.0, 0, 0]], dtype=np.float32)
    (span,) = DECODER.decode(logits, encoded, "ab cd")
    assert (span.label, span.text) == ("city", "ab cd")


def test_an_entity_ends_inside_a_word_only_if_the_model_is_very_sure() -> None:
    encoded = Encoded([7, 8], [(0, 2), (2, 4)], [False, True])
    for margin, text in ((WORD_BREAK_COST - 0.5, "10kg"), (WORD_BREAK_COST + 0.5, "10")):
        logits = np.array([[0, 9.0, 0, 0, 0], [margin, 0, 0, 0, 0]], dtype=np.float32)
        (span,) = DECODER.decode(logits, encoded, "10kg")
        assert span.text == text


def test_confidence_is_the_mean_probability_of_the_label() -> None:
    encoded = Encoded([7, 8], [(0, 2), (3, 5)], [False, False])
    probabilities = np.array([[0.2, 0.6, 0.1, 0.05, 0.05], [0.1, 0.1, 0.7, 0.05, 0.05]], dtype=np.float32)
    (span,) = DECODER.decode(np.log(probabilities), encoded, "ab cd")
    assert span.confidence == pytest.approx((0.7 + 0.8) / 2, abs=1e-6)


@st.composite
def cases(draw: st.DrawFn) -> tuple[FloatArray, NDArray[np.bool_]]:
    length = draw(st.integers(1, 4))
    values = st.floats(-6, 6, width=32)
    logits = draw(st.lists(st.lists(values, min_size=5, max_size=5), min_size=length, max_size=length))
    continues = draw(st.lists(st.booleans(), min_size=length, max_size=length))
    return np.array(logits, dtype=np.float32), np.array([False, *continues[1:]])


def cost(before: str, after: str, continues: bool) -> float:
    """What the transition costs, written down once more from the rules."""
    if after.startswith("I-"):
        return 0.0 if before != "O" and before[2:] == after[2:] else np.inf
    return WORD_BREAK_COST if continues and (before, after) != ("O", "O") else 0.0


def path_score(logits: FloatArray, continues: NDArray[np.bool_], path: tuple[int, ...]) -> float:
    tags = [TAGS[tag] for tag in path]
    if tags[0].startswith("I-"):
        return -np.inf
    score = float(np.log(softmax(logits))[range(len(path)), path].sum())
    steps = zip(tags[:-1], tags[1:], continues[1:], strict=True)
    return score - sum(cost(before, after, bool(inside)) for before, after, inside in steps)


@given(cases())
def test_no_legal_reading_is_likelier_than_the_one_found(case: tuple[FloatArray, NDArray[np.bool_]]) -> None:
    logits, continues = case
    text = "ab" * len(logits)
    encoded = Encoded([7] * len(logits), [(2 * i, 2 * i + 2) for i in range(len(logits))], list(map(bool, continues)))
    best = max(path_score(logits, continues, path) for path in product(range(5), repeat=len(logits)))
    found = [0] * len(logits)
    for span in DECODER.decode(logits, encoded, text):
        inside = TAGS.index(f"I-{span.label}")
        found[span.start // 2 : span.end // 2] = [inside] * ((span.end - span.start) // 2)
        found[span.start // 2] = TAGS.index(f"B-{span.label}")
    assert path_score(logits, continues, tuple(found)) == pytest.approx(best, abs=1e-4)


@given(st.text(max_size=60), st.integers(0, 2**32 - 1))
def test_any_text_with_any_logits_has_exact_disjoint_spans(tokens: Tokens, text: str, seed: int) -> None:
    (encoded,) = tokens.encode([text])
    logits = np.random.default_rng(seed).normal(scale=3, size=(len(encoded.ids), 5)).astype(np.float32)
    end = 0
    for span in DECODER.decode(logits, encoded, text):
        assert end <= span.start < span.end <= len(text)
        assert span.text == text[span.start : span.end]
        assert not span.text[0].isspace()
        assert not span.text[-1].isspace()
        end = span.end


def test_a_higher_temperature_makes_probabilities_more_even() -> None:
    logits = np.array([[3.0, 1.0, 0.0]], dtype=np.float32)
    sharp, soft = softmax(logits), softmax(logits, 4.0)
    assert sharp.sum() == pytest.approx(1.0)
    assert soft.sum() == pytest.approx(1.0)
    assert soft[0, 0] < sharp[0, 0]
    assert soft[0, 0] == pytest.approx(np.exp(0.75) / (np.exp(0.75) + np.exp(0.25) + 1))


def test_softmax_of_huge_logits_is_finite() -> None:
    assert softmax(np.array([[1e30, 0.0]], dtype=np.float32)).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("probabilities", "label", "score"),
    [((0.7, 0.2, 0.1), "negative", -0.6), ((0.1, 0.8, 0.1), "neutral", 0.0), ((0.0, 0.1, 0.9), "positive", 0.9)],
)
def test_sentiment_is_the_likeliest_label_and_a_score(
    probabilities: tuple[float, ...], label: str, score: float
) -> None:
    sentiment = read_sentiment(np.array(probabilities, dtype=np.float32), ("negative", "neutral", "positive"))
    assert sentiment.label == label
    assert sentiment.score == pytest.approx(score, abs=1e-6)
    assert sentiment.confidence == pytest.approx(max(probabilities))
