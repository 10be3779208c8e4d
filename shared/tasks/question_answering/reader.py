"""Serves models of question answering."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import BrokenArtifact
from shared.inference.batching import Outputs
from shared.inference.graph_reader import WARM_UP, GraphReader
from shared.inference.pairs import PairTokens
from shared.inference.predictor import Parts, Prediction
from shared.inference.tokens import Encoded
from shared.tasks.question_answering.record import Input
from shared.tasks.question_answering.spans import best_span, margin, places_of

OUTPUT = "start_end"
"""Of the graph: [b, s, 2]."""

#: Windows of one context; what lies behind is not read, and the answer says so.
MAX_WINDOWS = 128


class AnsweringReader(GraphReader):
    """Finds the answers to questions in contexts; a long context is read in windows.

    Args:
        parts: What the model is served by; closed with the reader.

    Raises:
        BrokenArtifact: The graph does not tell begin and end.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._pairs = PairTokens(parts.tokens)
        windows = self._pairs.windows([WARM_UP], [WARM_UP])[0]
        outputs = self.runner.each(windows)[0] or {}
        if OUTPUT not in outputs or outputs[OUTPUT].shape[-1] != 2:  # begin and end
            raise BrokenArtifact(f"the graph of {self.model_id} does not tell where answers begin and end")

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"answer", "start", "end", "score", "truncated"}`` of each question; ``answer`` is null where the context holds none."""
        windows = self._pairs.windows([row.question for row in rows], [row.context for row in rows])
        outputs = iter(self.runner.each([window for parts in windows for window in parts[:MAX_WINDOWS]]))
        return [
            self._prediction(row, parts, [next(outputs) for _ in parts[:MAX_WINDOWS]])
            for row, parts in zip(rows, windows, strict=True)
        ]

    def _prediction(self, row: Input, windows: Sequence[Encoded], outputs: Sequence[Outputs | None]) -> Prediction:
        is_cut, windows = len(windows) > MAX_WINDOWS, windows[:MAX_WINDOWS]
        tokens = sum(len(window.ids) for window in windows)
        found = [
            (window, best_span(read[OUTPUT], places_of(window)))
            for window, read in zip(windows, outputs, strict=True)
            if read is not None
        ]
        nothing = {"answer": None, "start": None, "end": None}
        if not found:
            return Prediction(nothing | {"score": 1.0, "truncated": is_cut}, tokens)
        bests = [best for _, best in found]
        if self.manifest.labels.unanswerable and margin(bests) < self.manifest.calibration.margin:
            return Prediction(
                nothing | {"score": min(best.nothing_share for best in bests), "truncated": is_cut}, tokens
            )
        window, best = max(found, key=lambda pair: pair[1].score)
        start, end = window.offsets[best.first][0], window.offsets[best.last][1]
        answer = {"answer": row.context[start:end], "start": start, "end": end}
        return Prediction(answer | {"score": best.share, "truncated": is_cut}, tokens)
