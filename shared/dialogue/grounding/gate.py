"""What a model writes, let through sentence by sentence as far as the passages bear it out."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.knowledge.passages import Passage
from shared.dialogue.grounding.citing import faithful, numbered
from shared.dialogue.grounding.prompting import NO_ANSWER
from shared.text.tokens import SENTENCE_END

#: Letters of an answer by which it is known to be none.
_NONE = NO_ANSWER.casefold()


class SentenceGate:
    """Takes an answer as it comes and gives on what is borne out. The first sentence that is not ends it.

    Args:
        passages: What it may rest on.
        least: Share of a sentence's words that must stand in what it cites (0..1).
    """

    def __init__(self, passages: Sequence[Passage], least: float) -> None:
        self._passages = passages
        self._least = least
        self._waiting = ""
        self._passed = ""
        self.refused: str | None = None
        """Why the answer ended, if it did not by itself."""

    @property
    def text(self) -> str:
        """What was let through."""
        return self._passed

    def feed(self, piece: str) -> str:
        """Take some more; returns what can be said now."""
        self._waiting += piece
        said = ""
        while self.refused is None and (end := _sentence_end(self._waiting)):
            sentence, self._waiting = self._waiting[:end], self._waiting[end:]
            said += self._judge(sentence)
        return said

    def end(self) -> str:
        """The answer is complete; returns what is left to be said."""
        rest, self._waiting = self._waiting, ""
        return self._judge(rest) if self.refused is None else ""

    def _judge(self, sentence: str) -> str:
        if not sentence.strip():
            return ""
        if _NONE in sentence.casefold():
            self.refused = "the model found no answer in the passages"
            return ""
        sentence = sentence if self._passed else sentence.lstrip()
        clean = numbered(sentence, len(self._passages))
        share = faithful(clean, self._passages)
        if share < self._least:
            self.refused = f"a sentence is borne out to {share:.2f} only, below {self._least:.2f}"
            return ""
        gap = " " if self._passed and not self._passed[-1].isspace() else ""
        said = gap + clean + ("\n" if "\n" in sentence[len(sentence.rstrip()) :] else "")
        self._passed += said
        return said


def _sentence_end(text: str) -> int:
    """Where the first sentence ends for sure; 0 if it may go on, be it only with the number of a passage."""
    match = SENTENCE_END.search(text)
    known = match is not None and match.end() < len(text) and not text[match.end() :].startswith("[")
    return match.end() if match is not None and known else 0
