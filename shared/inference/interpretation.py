"""What the outputs of a model mean, by the labels and the calibration of its manifest. Pure numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from shared.artifacts.manifest import Manifest
from shared.contracts.chat.understanding import (
    OUT_OF_SCOPE,
    EntitySpan,
    IntentScore,
    Sentiment,
    Understanding,
)
from shared.errors import BrokenArtifact
from shared.inference.decoding import TagDecoder, read_sentiment, softmax
from shared.inference.scope import scope_score, with_outside
from shared.inference.session import FloatArray
from shared.inference.tokens import Encoded
from shared.text.language import language_of

#: How many intents an understanding ranks, out of scope being one of them.
RANKED = 5

_NEUTRAL = Sentiment(label="neutral", score=0.0, confidence=1.0)
_NOTHING_ASKED = IntentScore(name=OUT_OF_SCOPE, confidence=1.0)


_Intent = tuple[IntentScore | None, tuple[IntentScore, ...]]
"""What was meant, and the ranking."""


class Interpreter:
    """Turns outputs into understandings.

    Args:
        manifest: Labels, temperatures and scope threshold.
        neighbours: Embeddings of training rows [n, d] that the scope score compares with; may be empty.
    """

    def __init__(self, manifest: Manifest, neighbours: FloatArray) -> None:
        self._model = manifest.model_id
        self._labels = manifest.labels
        self._calibration = manifest.calibration
        self._neighbours = neighbours
        self._decoder = TagDecoder(manifest.labels.tags, apart=manifest.labels.apart)
        self._widths = {
            "intent": len(manifest.labels.intents),
            "tags": len(manifest.labels.tags),
            "sentiment": len(manifest.labels.sentiments),
            "sentence_embedding": manifest.embedding_size,
        }

    @property
    def neighbours(self) -> FloatArray:
        """Embeddings of training rows, [n, d]."""
        return self._neighbours

    def check(self, outputs: Mapping[str, FloatArray]) -> None:
        """Make sure that every label has its column.

        Raises:
            BrokenArtifact: A head is missing, or wider or narrower than the manifest says.
        """
        for head, width in self._widths.items():
            found = outputs[head].shape[-1] if head in outputs else 0
            if found != width:
                raise BrokenArtifact(
                    f"{self._model}: output {head!r} has {found} columns, the manifest names {width}; "
                    "train the model again or promote another"
                )

    def interpret(
        self, texts: Sequence[str], encodings: Sequence[Encoded], runs: Sequence[Mapping[str, FloatArray]]
    ) -> list[Understanding]:
        """One understanding per text.

        Args:
            texts: The original texts, [n].
            encodings: Their tokens.
            runs: The outputs of the model for them, in the same order but cut into runs of any size, each padded to a
                length of its own; ``sentence_embedding`` of length 1.
        """
        if not texts:
            return []
        intents = self._intents(runs, len(texts))
        entities = self._entities(texts, encodings, runs)
        sentiments = self._sentiments(runs, len(texts))
        parts = zip(texts, encodings, intents, entities, sentiments, strict=True)
        return [self._understanding(*part) for part in parts]

    def blank(self, text: str, encoded: Encoded) -> Understanding:
        """What a text without a single token means: nothing was asked, and nothing felt."""
        intent = _NOTHING_ASKED if self._labels.intents else None
        return self._understanding(
            text, encoded, (intent, (intent,) if intent else ()), (), _NEUTRAL if self._labels.sentiments else None
        )

    def _understanding(
        self,
        text: str,
        encoded: Encoded,
        intent: _Intent,
        entities: tuple[EntitySpan, ...],
        sentiment: Sentiment | None,
    ) -> Understanding:
        likeliest, ranking = intent
        return Understanding(
            model=self._model,
            intent=likeliest,
            ranking=ranking,
            entities=entities,
            sentiment=sentiment,
            language=language_of(text),
            tokens=len(encoded.ids),
        )

    def _entities(
        self, texts: Sequence[str], encodings: Sequence[Encoded], runs: Sequence[Mapping[str, FloatArray]]
    ) -> list[tuple[EntitySpan, ...]]:
        if not self._labels.tags:
            return [()] * len(texts)
        logits = (row for outputs in runs for row in outputs["tags"])
        return [self._decoder.decode(*parts) for parts in zip(logits, encodings, texts, strict=True)]

    def _intents(self, runs: Sequence[Mapping[str, FloatArray]], rows: int) -> Sequence[_Intent]:
        if not self._labels.intents:
            return [(None, ())] * rows
        logits = _joined(runs, "intent")
        probabilities = softmax(logits, self._calibration.intent_temperature)
        scope = self._calibration.scope
        if scope is not None:
            scores = scope_score(logits, _joined(runs, "sentence_embedding"), self._neighbours, scope.weights)
            probabilities = with_outside(probabilities, scores, scope)
        return [self._ranked(row) for row in probabilities]

    def _ranked(self, probabilities: FloatArray) -> _Intent:
        names = (*self._labels.intents, OUT_OF_SCOPE)
        ranking = tuple(
            IntentScore(name=names[column], confidence=float(probabilities[column]))
            for column in np.argsort(-probabilities, kind="stable")[:RANKED]
        )
        return ranking[0], ranking

    def _sentiments(self, runs: Sequence[Mapping[str, FloatArray]], rows: int) -> Sequence[Sentiment | None]:
        if not self._labels.sentiments:
            return [None] * rows
        probabilities = softmax(_joined(runs, "sentiment"), self._calibration.sentiment_temperature)
        return [read_sentiment(row, self._labels.sentiments) for row in probabilities]


def _joined(runs: Sequence[Mapping[str, FloatArray]], head: str) -> FloatArray:
    return np.concatenate([outputs[head] for outputs in runs])
