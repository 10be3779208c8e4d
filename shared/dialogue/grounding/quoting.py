"""An answer without a model that writes: the sentences of a passage that say it, word for word."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.knowledge.passages import Passage
from shared.dialogue.grounding.citing import overlap
from shared.text.tokens import count_tokens, sentences

#: Tokens of a quotation.
MOST = 80
_ASKING = ("?", "？")


def quoted(question: str, passages: Sequence[Passage]) -> str:
    """The neighbouring sentences of the first passage that have most of the question's words, with its number behind them.

    A question that stands in the passage itself, over its answer, is not repeated.
    """
    text = passages[0].text
    spans = sentences(text)
    told = [span for span in spans if not text[span[0] : span[1]].endswith(_ASKING)] or spans
    best = max(range(len(told)), key=lambda first: _worth(question, text, told, first))
    return f"{_window(text, told, best)} [1]"


def _worth(question: str, text: str, spans: Sequence[tuple[int, int]], first: int) -> tuple[float, float, int]:
    """How well it answers to begin with a sentence: by what follows it, then by itself; of two alike the earlier."""
    begin, end = spans[first]
    return overlap(question, _window(text, spans, first)), overlap(question, text[begin:end]), -first


def _window(text: str, spans: Sequence[tuple[int, int]], first: int) -> str:
    begin, end = spans[first]
    size = count_tokens(text[begin:end])
    for _, after in spans[first + 1 :]:
        size += count_tokens(text[end:after])
        if size > MOST:
            break
        end = after
    return text[begin:end]
