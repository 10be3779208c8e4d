"""Serves models of token classification."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.chat.understanding import EntitySpan
from shared.errors import BrokenArtifact
from shared.inference.batching import Outputs
from shared.inference.decoding import TagDecoder
from shared.inference.graph_reader import WARM_UP, GraphReader
from shared.inference.predictor import Parts, Prediction
from shared.inference.tokens import MAX_WINDOWS, Encoded
from shared.inference.windows import merged_entities
from shared.tasks.token_classification.record import Input

OUTPUT = "tags"
"""Of the graph: [b, s, tags]."""


class TaggingReader(GraphReader):
    """Finds the labelled spans of texts; a long one is read in windows.

    Args:
        parts: What the model is served by; closed with the reader.

    Raises:
        BrokenArtifact: Graph and labels do not fit together.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._decoder = TagDecoder(self.manifest.labels.tags, apart=self.manifest.labels.apart)
        outputs = self.runner.each(self.tokens.encode([WARM_UP]))[0] or {}
        width = len(self.manifest.labels.tags)
        if OUTPUT not in outputs or outputs[OUTPUT].shape[-1] != width:
            raise BrokenArtifact(f"the graph of {self.model_id} does not give a figure for each of its {width} tags")

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"entities": [{"start", "end", "label", "text", "confidence"}]}`` of each text, in code points."""
        windows = [parts[:MAX_WINDOWS] for parts in self.tokens.windows([row.text for row in rows])]
        outputs = iter(self.runner.each([window for parts in windows for window in parts]))
        return [
            self._prediction(row.text, parts, [next(outputs) for _ in parts])
            for row, parts in zip(rows, windows, strict=True)
        ]

    def _prediction(self, text: str, windows: Sequence[Encoded], outputs: Sequence[Outputs | None]) -> Prediction:
        found = [self._spans(text, window, read) for window, read in zip(windows, outputs, strict=True)]
        entities = merged_entities(windows, found) if len(windows) > 1 else found[0]
        answer = {"entities": [entity.model_dump(mode="json") for entity in entities]}
        return Prediction(answer, sum(len(window.ids) for window in windows))

    def _spans(self, text: str, window: Encoded, outputs: Outputs | None) -> Sequence[EntitySpan]:
        return () if outputs is None else self._decoder.decode(outputs[OUTPUT], window, text)
