"""From logits to answers: probabilities, entity spans, sentiment. Pure numpy."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from shared.contracts.chat.understanding import SENTIMENTS, EntitySpan, Sentiment
from shared.inference.session import FloatArray, IntArray
from shared.inference.tokens import Encoded

OUTSIDE = "O"
"""The tag of a token that belongs to no entity."""

#: Nats that an entity must win by to begin or end in the middle of a word. Most such borders are slips of the model,
#: but some are real ("10kg"), so they are dear and not forbidden.
WORD_BREAK_COST = 3.0


def softmax(logits: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Probabilities over the last axis, of logits divided by ``temperature`` (Guo et al. 2017, arXiv:1706.04599)."""
    return np.exp(_log_softmax(logits / np.float32(temperature)))


def read_sentiment(probabilities: FloatArray, labels: Sequence[str]) -> Sentiment:
    """The sentiment told by ``probabilities`` [S], whose columns are ``labels``."""
    by_label = dict(zip(labels, probabilities.tolist(), strict=True))
    label = max((label for label in SENTIMENTS if label in by_label), key=lambda label: by_label[label])
    score = by_label.get("positive", 0.0) - by_label.get("negative", 0.0)
    return Sentiment(label=label, score=score, confidence=by_label[label])


class TagDecoder:
    """Finds the likeliest legal sequence of BIO tags and turns it into spans of the original text.

    An ``I-x`` may only follow ``B-x`` or ``I-x``. The best path over legal transitions is found by the Viterbi
    algorithm; where the likeliest tag of each token is already legal, that is the best path and nothing is searched.
    Neighbours of one label with one blank between them are one entity ("New" "York").

    Args:
        tags: Name of each column: ``O``, ``B-x``, ``I-x`` …
        apart: Labels whose neighbours are entities of their own.
    """

    def __init__(self, tags: Sequence[str], *, apart: Collection[str] = ()) -> None:
        self._tags = tuple(tags)
        self._apart = frozenset(apart)
        self._labels = tuple("" if tag == OUTSIDE else tag[2:] for tag in tags)
        self._outside = self._tags.index(OUTSIDE) if OUTSIDE in self._tags else -1
        self._members = {
            label: [column for column, of in enumerate(self._labels) if of == label] for label in set(self._labels)
        }
        self._start = np.array([-np.inf if tag.startswith("I-") else 0.0 for tag in tags], dtype=np.float32)
        columns = range(len(tags))
        pairs = [self._goes_on(before, after) for before in columns for after in columns]
        goes_on = np.array(pairs, dtype=bool).reshape(len(tags), len(tags))
        is_inside = np.isneginf(self._start)
        self._between_words = np.where(is_inside[None, :] & ~goes_on, -np.inf, 0.0).astype(np.float32)
        self._inside_word = (self._between_words - np.where(goes_on, 0.0, WORD_BREAK_COST)).astype(np.float32)

    def _goes_on(self, before: int, after: int) -> bool:
        if self._tags[after] == OUTSIDE:
            return self._tags[before] == OUTSIDE
        return self._tags[after].startswith("I-") and self._labels[before] == self._labels[after]

    def decode(self, logits: FloatArray, encoded: Encoded, text: str) -> tuple[EntitySpan, ...]:
        """The entities of one text.

        Args:
            logits: [s, T], at least one row per token.
            encoded: The tokens of ``text``.
            text: The original text.

        Returns:
            Spans in order of their start, none overlapping. The confidence is the mean, over the tokens of the span,
            of the probability that the token belongs to its label.
        """
        places = [place for place, (start, end) in enumerate(encoded.offsets) if end > start]
        if not places or not self._tags:
            return ()
        if (logits[places].argmax(axis=1) == self._outside).all():
            return ()  # the likeliest path, and legal: nothing is there, as in most texts
        scores = _log_softmax(logits[places])
        path = self._best_path(scores, np.array([encoded.continues[place] for place in places]))
        return self._spans(np.exp(scores), path, [encoded.offsets[place] for place in places], text)

    def _best_path(self, scores: FloatArray, continues: NDArray[np.bool_]) -> IntArray:
        likeliest: IntArray = scores.argmax(axis=1)
        costs = np.where(
            continues[1:],
            self._inside_word[likeliest[:-1], likeliest[1:]],
            self._between_words[likeliest[:-1], likeliest[1:]],
        )
        if self._start[likeliest[0]] == 0.0 and not costs.any():
            return likeliest
        return self._viterbi(scores, continues)

    def _viterbi(self, scores: FloatArray, continues: NDArray[np.bool_]) -> IntArray:
        best = self._start + scores[0]
        came_from = np.empty(scores.shape, dtype=np.int64)
        for place in range(1, len(scores)):
            steps = best[:, None] + (self._inside_word if continues[place] else self._between_words)
            came_from[place] = steps.argmax(axis=0)
            best = steps.max(axis=0) + scores[place]
        path = np.empty(len(scores), dtype=np.int64)
        path[-1] = best.argmax()
        for place in range(len(scores) - 1, 0, -1):
            path[place - 1] = came_from[place, path[place]]
        return path

    def _spans(
        self, probabilities: FloatArray, path: IntArray, offsets: Sequence[tuple[int, int]], text: str
    ) -> tuple[EntitySpan, ...]:
        spans: list[EntitySpan] = []
        for first, last in self._runs(path, offsets, text):
            label = self._labels[path[first]]
            # Several tokens may stand for one character (a Korean syllable): two entities must not share it.
            start = max(offsets[first][0], spans[-1].end if spans else 0)
            start, end = _tidy(text, start, max(end for _, end in offsets[first : last + 1]))
            if start < end:
                belongs = probabilities[first : last + 1, self._members[label]].sum(axis=1)
                confidence = min(float(belongs.mean()), 1.0)
                spans.append(EntitySpan(start=start, end=end, label=label, text=text[start:end], confidence=confidence))
        return tuple(spans)

    def _runs(self, path: IntArray, offsets: Sequence[tuple[int, int]], text: str) -> Iterator[tuple[int, int]]:
        """The first and last place of each entity."""
        begins = [
            place
            for place, tag in enumerate(path)
            if self._tags[tag].startswith("B-") and not self._is_one_with_the_last(place, path, offsets, text)
        ]
        for first, stop in pairwise([*begins, len(path)]):
            last = first
            while last + 1 < stop and self._labels[path[last + 1]] == self._labels[path[first]]:
                last += 1
            yield first, last

    def _is_one_with_the_last(self, place: int, path: IntArray, offsets: Sequence[tuple[int, int]], text: str) -> bool:
        label = self._labels[path[place]]
        if place == 0 or self._labels[path[place - 1]] != label or label in self._apart:
            return False
        return text[offsets[place - 1][1] : offsets[place][0]] == " "


def _tidy(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave white space out, and take in the combining marks that the tokenizer stripped from the last character."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end < len(text) and unicodedata.category(text[end]).startswith("M"):
        end += 1
    return start, end


def _log_softmax(logits: FloatArray) -> FloatArray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    normalised: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normalised
