"""The vectorised choice against definitions written out for one row."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.chat.generation import Sampling
from shared.decoding.sampling import Picker, choose, restrict, softmax
from shared.inference.session import FloatArray

LOGITS = st.lists(st.floats(-20, 20, width=32), min_size=8, max_size=8)
SAMPLINGS = st.builds(
    Sampling,
    temperature=st.floats(0.05, 2),
    top_p=st.floats(0.01, 1),
    top_k=st.none() | st.integers(1, 12),
    min_p=st.floats(0, 0.99),
)


def kept(logits: list[float], sampling: Sampling) -> dict[int, float]:
    """Tokens that may be chosen with their probabilities, by the definitions."""
    powers = [math.exp((value - max(logits)) / sampling.temperature) for value in logits]
    left = {token: power / sum(powers) for token, power in enumerate(powers)}
    if sampling.top_k is not None and sampling.top_k < len(left):
        bar = sorted(left.values(), reverse=True)[sampling.top_k - 1]
        left = {token: value for token, value in left.items() if value >= bar}
    total, summed, bar = sum(left.values()), 0.0, 0.0
    if sampling.top_p < 1:
        for bar in sorted(left.values(), reverse=True):
            summed += bar
            if summed >= sampling.top_p * total:
                break
        left = {token: value for token, value in left.items() if value >= bar}
    bar = sampling.min_p * max(left.values())
    return {token: value for token, value in left.items() if value >= bar and value > 0}


@settings(deadline=None)
@given(st.lists(st.tuples(LOGITS, SAMPLINGS), min_size=1, max_size=4))
def test_what_may_be_chosen_is_what_the_definitions_leave(rows: list[tuple[list[float], Sampling]]) -> None:
    logits = np.array([row for row, _ in rows], np.float32)
    samplings = [sampling for _, sampling in rows]
    found = softmax(logits, np.array([sampling.temperature for sampling in samplings]))
    restrict(found, samplings)
    for values, row, sampling in zip(logits.tolist(), found, samplings, strict=True):
        expected = kept(values, sampling)
        for token in range(len(values)):
            # Where two figures differ in the last bits, a border may fall on either side.
            if (token in expected) != (row[token] > 0):
                assert _borderline(values, sampling), (values, sampling)
                break
            assert row[token] == pytest.approx(expected.get(token, 0), abs=1e-6)


def _borderline(values: list[float], sampling: Sampling) -> bool:
    """Whether a slightly other figure would leave other tokens."""
    nearby = (
        sampling.model_copy(update={"top_p": sampling.top_p * scale, "min_p": sampling.min_p * other})
        for scale in (1 - 1e-5, 1, 1 + 1e-5)
        for other in (1 - 1e-5, 1, 1 + 1e-5)
    )
    equal = len({round(value / sampling.temperature, 4) for value in values}) < len(values)
    return equal or len({tuple(kept(values, one)) for one in nearby}) > 1


def test_a_token_comes_as_often_as_it_is_likely() -> None:
    logits = np.log(np.array([[0.5, 0.3, 0.15, 0.05]], np.float32))
    picker = Picker(Sampling(seed=5), [0], 4)
    counts = np.bincount([int(choose(logits, [picker])[0]) for _ in range(4_000)], minlength=4)
    assert counts / 4_000 == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)


def test_a_row_s_tokens_do_not_depend_on_the_rows_beside_it() -> None:
    logits = np.random.default_rng(1).normal(size=(5, 50)).astype(np.float32)
    alone, among = (Picker(Sampling(seed=-3, top_p=0.8), [0], 50) for _ in range(2))
    others = [Picker(Sampling(temperature=temperature), [0], 50) for temperature in (0, 0.5, 1, 2)]
    mine = [int(choose(logits[4:], [alone])[0]) for _ in range(50)]
    assert [int(choose(logits, [*others, among])[4]) for _ in range(50)] == mine


def test_no_temperature_means_the_likeliest() -> None:
    logits = np.array([[1, 3, 2], [5, 4, 6]], np.float32)
    pickers = [Picker(Sampling(temperature=temperature, seed=1), [0], 3) for temperature in (0, 1e-9)]
    assert choose(logits, pickers).tolist() == [1, 2]


def penalised(sampling: Sampling, logits: list[float], prompt: list[int], answer: list[int]) -> FloatArray:
    picker, row = Picker(sampling, prompt, len(logits)), np.array(logits, np.float32)
    for token in answer:
        picker.take(token)
    picker.prepare(row)
    return row


@settings(deadline=None)
@given(
    LOGITS,
    st.lists(st.integers(0, 7), min_size=1, max_size=5),
    st.lists(st.integers(0, 7), max_size=9),
    st.floats(-2, 2),
    st.floats(-2, 2),
    st.floats(0.5, 2),
)
def test_penalties_are_what_they_are_defined_to_be(
    logits: list[float], prompt: list[int], answer: list[int], frequency: float, presence: float, repetition: float
) -> None:
    sampling = Sampling(frequency_penalty=frequency, presence_penalty=presence, repetition_penalty=repetition)
    expected = []
    for token, value in enumerate(logits):
        factor = 1.0
        if token in prompt or token in answer:
            factor = 1 / repetition if value > 0 else repetition
        expected.append(value * factor - frequency * answer.count(token) - presence * (token in answer))
    assert penalised(sampling, logits, prompt, answer).tolist() == pytest.approx(expected, abs=1e-4)
