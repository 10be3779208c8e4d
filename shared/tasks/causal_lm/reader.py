"""Serves models that go on with texts."""

from __future__ import annotations

from collections.abc import Sequence

from shared.decoding.writer import Writer
from shared.inference.predictor import Prediction
from shared.tasks.causal_lm.record import Input


class TextWriter(Writer):
    """Goes on with texts, always by the likeliest words."""

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"text"}`` of each: what may follow. Of a text longer than the context its end is read."""
        room = self.shape.context - 1
        prompts = [begun(self.tokens.encode(row.text), self.shape.begin)[-room:] for row in rows]
        written = self.write(prompts, [row.max_tokens for row in rows])
        return [
            Prediction({"text": one.text}, len(prompt) + len(one.tokens))
            for prompt, one in zip(prompts, written, strict=True)
        ]


def begun(tokens: Sequence[int], begin: int | None) -> list[int]:
    """Tokens behind the one that texts begin with, if there is one."""
    return list(tokens) if begin is None else [begin, *tokens]
