"""Which token comes next, for every row of a batch at once.

In the order of the field's usual library: penalties, what a grammar allows, temperature, top-k, top-p of what that left, min-p.
Tokens that are as likely as the last one kept are kept too, so that no result depends on how equal figures are sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.contracts.chat.generation import Sampling
from shared.inference.session import FloatArray

Probabilities = NDArray[np.float64]

_UNSIGNED = 2**64


class Constraint(Protocol):
    """What a grammar leaves to choose from."""

    def restrict(self, logits: FloatArray) -> None:
        """Set the logits, [vocabulary], of all tokens to -inf that may not come next, in place."""
        ...

    def take(self, token: int) -> None:
        """Go on with what may follow ``token``."""
        ...

    @property
    def done(self) -> bool:
        """Whether nothing may follow."""
        ...


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """The logarithm of a token's probability as the model gave it, before penalties and temperature.

    Attributes:
        token: Its id.
        logprob: Natural logarithm.
        top: The likeliest tokens at its place with theirs, likeliest first.
    """

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


class Picker:
    """What choosing has to know of one row: its sampling, its own chance, and the tokens that were there.

    Args:
        sampling: How its tokens are chosen.
        prompt: Its prompt, which the repetition penalty counts.
        vocabulary: Columns of the logits.
        constraint: What a grammar leaves.
    """

    def __init__(
        self, sampling: Sampling, prompt: Sequence[int], vocabulary: int, constraint: Constraint | None = None
    ) -> None:
        self.sampling = sampling
        self.constraint = constraint
        seed = None if sampling.seed is None else sampling.seed % _UNSIGNED
        self._chance = np.random.default_rng(seed)
        self._counts: NDArray[np.int32] | None = None
        self._seen: NDArray[np.bool_] | None = None
        if sampling.frequency_penalty or sampling.presence_penalty:
            self._counts = np.zeros(vocabulary, np.int32)
        if sampling.repetition_penalty != 1:
            self._seen = np.zeros(vocabulary, np.bool_)
            self._seen[list(prompt)] = True

    @property
    def changes_logits(self) -> bool:
        """Whether ``prepare`` does anything."""
        return self._counts is not None or self._seen is not None or self.constraint is not None

    def prepare(self, logits: FloatArray) -> None:
        """Penalties and grammar, on the row's logits, [vocabulary], in place."""
        sampling = self.sampling
        if self._seen is not None:
            known = logits[self._seen]
            penalty = sampling.repetition_penalty
            logits[self._seen] = np.where(known > 0, known / penalty, known * penalty)
        if self._counts is not None:
            logits -= sampling.frequency_penalty * self._counts + sampling.presence_penalty * (self._counts > 0)
        if self.constraint is not None:
            self.constraint.restrict(logits)

    def draw(self) -> float:
        """The row's next number in [0, 1): one for each token that is not simply the likeliest."""
        return float(self._chance.random())

    def take(self, token: int) -> None:
        """Remember that the answer goes on with ``token``."""
        if self._counts is not None:
            self._counts[token] += 1
        if self._seen is not None:
            self._seen[token] = True
        if self.constraint is not None:
            self.constraint.take(token)


def choose(logits: FloatArray, pickers: Sequence[Picker]) -> NDArray[np.int64]:
    """The next token of each row.

    Args:
        logits: After penalties and grammar, [b, vocabulary].
        pickers: One for each row.

    Returns:
        Token ids, [b].
    """
    tokens = np.asarray(logits.argmax(axis=1), np.int64)
    rows = [row for row, picker in enumerate(pickers) if picker.sampling.temperature > 0]
    if rows:
        drawn = [pickers[row] for row in rows]
        probabilities = softmax(logits[rows], np.array([picker.sampling.temperature for picker in drawn]))
        restrict(probabilities, [picker.sampling for picker in drawn])
        tokens[rows] = _picked(probabilities, np.array([picker.draw() for picker in drawn]))
    return tokens


def softmax(logits: FloatArray, temperatures: NDArray[np.float64]) -> Probabilities:
    """Probabilities of each row, [b, vocabulary], of logits divided by its temperature, [b]."""
    # The largest is taken off first: divided by a very low temperature it would have no finite value.
    scaled: Probabilities = (logits - logits.max(axis=1, keepdims=True)).astype(np.float64)
    # What is next to impossible underflows to 0, which is right.
    with np.errstate(over="ignore", under="ignore"):
        scaled /= temperatures[:, None]
        np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=1, keepdims=True)
    return scaled


def restrict(probabilities: Probabilities, samplings: Sequence[Sampling]) -> None:
    """Take out, in place, what top-k, top-p and min-p leave out; what remains is not scaled up."""
    columns = probabilities.shape[1]
    for row, sampling in zip(probabilities, samplings, strict=True):
        if sampling.top_k is not None and sampling.top_k < columns:
            row[row < np.partition(row, columns - sampling.top_k)[columns - sampling.top_k]] = 0
    _nucleus(probabilities, samplings)
    for row, sampling in zip(probabilities, samplings, strict=True):
        if sampling.min_p:
            row[row < sampling.min_p * row.max()] = 0


def _nucleus(probabilities: Probabilities, samplings: Sequence[Sampling]) -> None:
    rows = [row for row, sampling in enumerate(samplings) if sampling.top_p < 1]
    if not rows:
        return
    part = probabilities[rows]
    descending = np.sort(part, axis=1)[:, ::-1]
    sums = descending.cumsum(axis=1)
    enough = np.array([samplings[row].top_p for row in rows]) * sums[:, -1]
    needed = np.minimum((sums < enough[:, None]).sum(axis=1), part.shape[1] - 1)
    part[part < descending[np.arange(len(rows)), needed][:, None]] = 0
    probabilities[rows] = part


def _picked(weights: Probabilities, chances: NDArray[np.float64]) -> NDArray[Any]:
    """The column of each row in which its share of the weights, added up from the left, lies."""
    sums = weights.cumsum(axis=1)
    places = (sums <= (chances * sums[:, -1])[:, None]).sum(axis=1)
    # A product that was rounded up to the whole sum would lie behind the last column that has any weight.
    columns: NDArray[Any] = np.minimum(places, (sums < sums[:, -1:]).sum(axis=1))
    return columns


def logprob_of(logits: FloatArray, token: int, top: int) -> TokenLogprob:
    """A token's log-probability and the ``top`` likeliest ones, from logits as the model gave them, [vocabulary]."""
    values = logits.astype(np.float64)
    values -= values.max()
    values -= np.log(np.exp(values).sum())
    likeliest = np.argsort(-values, kind="stable")[:top] if top else ()
    return TokenLogprob(token, float(values[token]), tuple((int(one), float(values[one])) for one in likeliest))
