"""Serves models that go on with texts."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer

from shared.decoding.writer import Writer
from shared.inference.predictor import Prediction
from shared.tasks.causal_lm.record import Input


class TextWriter(Writer):
    """Goes on with texts, always by the likeliest words."""

    def predict(self, rows: Sequence[Input]) -> list[Prediction]:
        """``{"text"}`` of each: what may follow. Of a text longer than the context its end is read."""
        found = []
        for row in rows:
            prompt = begun(ids_of(self.tokenizer, row.text), self.shape.begin)[-(self.shape.context - 1) :]
            written = self.decoder.write(prompt, row.max_tokens)
            text = self.tokenizer.decode(list(written.tokens))
            found.append(Prediction({"text": text}, len(prompt) + len(written.tokens)))
        return found


def ids_of(tokenizer: Tokenizer, text: str) -> list[int]:
    """The tokens of a text in which nothing stands for a special token."""
    plain = Tokenizer.from_str(tokenizer.to_str()) if not tokenizer.encode_special_tokens else tokenizer
    plain.encode_special_tokens = True
    return list(plain.encode(text, add_special_tokens=False).ids)


def begun(tokens: Sequence[int], begin: int | None) -> list[int]:
    """Tokens behind the one that texts begin with, if there is one."""
    return list(tokens) if begin is None else [begin, *tokens]
