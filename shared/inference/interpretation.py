"""What the outputs of a model mean, by the labels and the calibration of its manifest. Pure numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from shared.artifacts.manifest import Manifest
from shared.contracts.understanding import (
    OUT_OF_SCOPE,
    EntitySpan,
    IntentScore,
    Sentiment,
    Understanding,
)
from shared.errors import BrokenArtifact
from shared.inference.decoding import TagDecoder, read_sentiment, softmax
from shared.inference.language import language_of
from shared.inference.scope import scope_score
from shared.inference.session import FloatArray
from shared.inference.tokens import Encoded

#: How many in-scope intents an understanding ranks.
RANKED = 5

_NEUTRAL = Sentiment(label="neutral", score=0.0, confidence=1.0)
_NOTHING_ASKED = IntentScore(name=OUT_OF_SCOPE, confidence=1.0)


class Interpreter:
    """Turns the outputs for a batch into understandings.

    Args:
        manifest: Labels, temperatures and scope threshold.
        neighbours: Embeddings of training rows [n, d] that the scope score compares with; may be empty.
    """

    def __init__(self, manifest: Manifest, neighbours: FloatArray) -> None:
        self._model = manifest.model_id
        self._labels = manifest.labels
        self._calibration = manifest.calibration
        self._neighbours = neighbours
        self._decoder = TagDecoder(manifest.labels.tags)
        self._widths = {
            "intent": len(manifest.labels.intents),
            "tags": len(manifest.labels.tags),
            "sentiment": len(manifest.labels.sentiments),
            "sentence_embedding": manifest.embedding_size,
        }

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
        self, texts: Sequence[str], encodings: Sequence[Encoded], outputs: Mapping[str, FloatArray]
    ) -> list[Understanding]:
        """One understanding per text.

        Args:
            texts: The original texts, [b].
            encodings: Their tokens.
            outputs: The outputs of the model for them; ``sentence_embedding`` of length 1.
        """
        intents = self._intents(outputs)
        sentiments = self._sentiments(outputs, len(texts))
        understandings = []
        for row, (text, encoded) in enumerate(zip(texts, encodings, strict=True)):
            intent, ranking = intents[row] if intents else (None, ())
            entities: tuple[EntitySpan, ...] = ()
            if self._labels.tags:
                entities = self._decoder.decode(outputs["tags"][row], encoded, text)
            understandings.append(self._understanding(text, intent, ranking, entities, sentiments[row]))
        return understandings

    def blank(self, text: str) -> Understanding:
        """What a text without a single token means: nothing was asked, and nothing felt."""
        intent = _NOTHING_ASKED if self._labels.intents else None
        return self._understanding(text, intent, (), (), _NEUTRAL if self._labels.sentiments else None)

    def _understanding(
        self,
        text: str,
        intent: IntentScore | None,
        ranking: tuple[IntentScore, ...],
        entities: tuple[EntitySpan, ...],
        sentiment: Sentiment | None,
    ) -> Understanding:
        return Understanding(
            model=self._model,
            intent=intent,
            ranking=ranking,
            entities=entities,
            sentiment=sentiment,
            language=language_of(text),
        )

    def _intents(self, outputs: Mapping[str, FloatArray]) -> list[tuple[IntentScore, tuple[IntentScore, ...]]]:
        if not self._labels.intents:
            return []
        logits = outputs["intent"]
        probabilities = softmax(logits, self._calibration.intent_temperature)
        is_in_scope = self._is_in_scope(logits, outputs["sentence_embedding"])
        return [self._ranked(row, is_in) for row, is_in in zip(probabilities, is_in_scope, strict=True)]

    def _is_in_scope(self, logits: FloatArray, embeddings: FloatArray) -> list[bool]:
        scope = self._calibration.scope
        if scope is None:
            return [True] * len(logits)
        return [bool(score >= scope.threshold) for score in scope_score(logits, embeddings, self._neighbours, scope)]

    def _ranked(self, probabilities: FloatArray, is_in_scope: bool) -> tuple[IntentScore, tuple[IntentScore, ...]]:
        ranking = tuple(
            IntentScore(name=self._labels.intents[column], confidence=float(probabilities[column]))
            for column in np.argsort(-probabilities, kind="stable")[:RANKED]
        )
        if is_in_scope:
            return ranking[0], ranking
        return IntentScore(name=OUT_OF_SCOPE, confidence=1.0 - ranking[0].confidence), ranking

    def _sentiments(self, outputs: Mapping[str, FloatArray], rows: int) -> Sequence[Sentiment | None]:
        if not self._labels.sentiments:
            return [None] * rows
        probabilities = softmax(outputs["sentiment"], self._calibration.sentiment_temperature)
        return [read_sentiment(row, self._labels.sentiments) for row in probabilities]
