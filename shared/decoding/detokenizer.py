"""Text out of tokens, as they come."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class Detokenizer:
    """The text that each token adds; a character of several bytes comes whole, with the token that completes it.

    Bytes that can be no character become U+FFFD, as in the text of all tokens together; a character that the answer
    ends in the middle of is left out. What a token costs does not depend on how
    many came before it.

    Args:
        pieces: The bytes of each token, by id.
    """

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, token: int) -> str:
        """The text that is complete with ``token``; a model may know ids that its tokenizer does not, which say nothing."""
        return self._decoder.decode(self._pieces[token]) if token < len(self._pieces) else ""
