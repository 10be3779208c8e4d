"""Serves masked language models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.errors import BrokenArtifact
from shared.inference.decoding import softmax
from shared.inference.graph_reader import GraphReader
from shared.inference.predictor import Parts, Prediction
from shared.inference.session import FloatArray
from shared.inference.tokens import Encoded, readable
from shared.tasks.masked_lm.record import MASK, Input
from shared.text.normalisation import normalise

OUTPUT = "words"
"""Of the graph: [b, s, v]."""

#: Words that are told of one place.
TOLD = 5
#: How a tokenizer may call the token that hides a word.
_NAMES = (MASK, "<mask>")
#: Texts of a run: a figure for every word of the vocabulary stands at each of their tokens.
_AT_ONCE = 4


class Masked(NamedTuple):
    """A text of which some tokens are hidden.

    Attributes:
        ids: Its tokens, with the mask's where one is hidden.
        places: Of those that are hidden.
    """

    ids: Sequence[int]
    places: Sequence[int]


class MaskedReader(GraphReader):
    """Tells which words may stand where one is hidden.

    Args:
        parts: What the model is served by; closed with the reader.

    Raises:
        BrokenArtifact: Graph and tokenizer do not fit together.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts, most=_AT_ONCE)
        self._tokenizer = parts.tokens.plain()
        self._tokenizer.encode_special_tokens = False  # the mask is one
        self._tokenizer.enable_truncation(parts.manifest.max_length)
        self._mask = mask_of(self._tokenizer.get_vocab())
        if self._mask is None:
            raise BrokenArtifact(f"the tokenizer of {self.model_id} has no token that hides a word")
        words = self.words([Masked(self._tokenizer.encode(MASK).ids, [1])])[0]
        if words.shape[1] < self._tokenizer.get_vocab_size():
            raise BrokenArtifact(f"the graph of {self.model_id} has no figure for some words of its tokenizer")

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"tokens": [{"token", "score"}]}`` of each text: what may stand at its mask, the likeliest first."""
        encodings = [self._tokenizer.encode(_one_mask(row.text, self._name)) for row in rows]
        masked = [
            Masked(encoding.ids, [place for place, token in enumerate(encoding.ids) if token == self._mask][:1])
            for encoding in encodings
        ]
        found = self.words(masked)
        return [
            Prediction({"tokens": self._told(logits[0]) if len(logits) else []}, len(one.ids))
            for one, logits in zip(masked, found, strict=True)
        ]

    def words(self, texts: Sequence[Masked]) -> list[FloatArray]:
        """The logits [hidden, v] of every word at each hidden place of each text."""
        encodings = [Encoded(list(text.ids), [(0, 1)] * len(text.ids), [False] * len(text.ids)) for text in texts]
        found: list[FloatArray] = [np.empty((0, 0), np.float32)] * len(texts)
        for rows, outputs in self.runner.runs(encodings):
            for place, row in enumerate(rows):
                if OUTPUT not in outputs:
                    raise BrokenArtifact(f"the graph of {self.model_id} tells no words")
                found[row] = outputs[OUTPUT][place][list(texts[row].places)]
        return found

    @property
    def _name(self) -> str:
        return MASK if self._mask is None else self._tokenizer.id_to_token(self._mask) or MASK

    def _told(self, logits: FloatArray) -> list[dict[str, object]]:
        probabilities = softmax(logits)
        best: NDArray[np.int64] = np.argsort(-probabilities, kind="stable")[:TOLD]
        return [
            {"token": self._tokenizer.id_to_token(int(word)), "score": float(probabilities[word])}
            for word in best
            if self._tokenizer.id_to_token(int(word)) is not None
        ]


def mask_of(vocabulary: dict[str, int]) -> int | None:
    """The token that hides a word, if the tokenizer has one."""
    return next((vocabulary[name] for name in _NAMES if name in vocabulary), None)


def _one_mask(text: str, name: str) -> str:
    """The text in its one form, with the tokenizer's own name of the mask."""
    before, _, after = text.partition(MASK)
    return f"{normalise(readable(before)).text}{name}{normalise(readable(after)).text}"
