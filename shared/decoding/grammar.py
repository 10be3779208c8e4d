"""Answers that follow a JSON schema, by llguidance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import llguidance
import numpy as np

from shared.decoding.sampling import Constraint
from shared.decoding.tokenizer import DecoderTokens
from shared.errors import InvalidInput
from shared.inference.session import FloatArray

#: Characters of a schema: a large one costs a second of the caller's time before the first token.
MAX_SCHEMA = 32_768
#: Schemas within schemas.
MAX_DEPTH = 64

#: Any JSON object.
_ANY_OBJECT = {"type": "object"}


class Grammars:
    """Makes the grammar of a schema for one model's tokens.

    Args:
        tokenizer: The model's.
        vocabulary: Columns of its logits.
        end: Tokens that end an answer.
    """

    def __init__(self, tokenizer: DecoderTokens, vocabulary: int, end: Sequence[int]) -> None:
        self._vocabulary = vocabulary
        self._tokenizer = llguidance.LLTokenizer(tokenizer.to_json(), n_vocab=vocabulary, eos_token=list(end))

    def __call__(self, schema: dict[str, Any]) -> Constraint:
        """The grammar of ``schema``; ``{}`` stands for any object.

        Raises:
            InvalidInput: The schema is too large, or says what cannot be followed.
        """
        return self.matched(llguidance.LLMatcher.grammar_from_json_schema(checked(schema), overrides=_COMPACT))

    def matched(self, grammar: str, param: str = "json_schema") -> Constraint:
        """What follows a grammar of llguidance.

        Raises:
            InvalidInput: It cannot be followed.
        """
        problem = llguidance.LLMatcher.validate_grammar(grammar, self._tokenizer)
        if problem:
            raise InvalidInput(f"{param} cannot be followed: {problem}", param=param)
        return JsonGrammar(llguidance.LLMatcher(self._tokenizer, grammar), self._vocabulary, param)


def checked(schema: dict[str, Any], param: str = "json_schema") -> str:
    """A schema as JSON; that of any object if it is empty.

    Raises:
        InvalidInput: It is too large.
    """
    written = json.dumps(schema or _ANY_OBJECT)
    if len(written) > MAX_SCHEMA or _depth(schema) > MAX_DEPTH:
        raise InvalidInput(
            f"{param} may have {MAX_SCHEMA} characters and {MAX_DEPTH} levels; make it smaller", param=param
        )
    return written


#: Without blanks between the parts: a model that is unsure would write nothing else.
_COMPACT: Any = {"whitespace_flexible": False}


class JsonGrammar:
    """Where an answer has come to in its grammar."""

    def __init__(self, matcher: llguidance.LLMatcher, vocabulary: int, param: str) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._param = param

    def restrict(self, logits: FloatArray) -> None:
        """Set the logits of all tokens that may not come next to -inf, in place."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        self._check()
        allowed = np.unpackbits(bits, bitorder="little")[: self._vocabulary].astype(np.bool_)
        logits[~allowed] = -np.inf

    def take(self, token: int) -> None:
        """Go on with what may follow ``token``."""
        self._matcher.consume_token(token)
        self._check()

    @property
    def done(self) -> bool:
        """Whether the answer is complete and nothing may follow."""
        return self._matcher.is_stopped()

    def _check(self) -> None:
        if self._matcher.is_error():
            raise InvalidInput(
                f"{self._param} cannot be followed any further: {self._matcher.get_error()}; make it simpler",
                param=self._param,
            )


def _depth(schema: object) -> int:
    """Levels of a schema, without recursion: it comes from outside."""
    level, depth = [schema], 0
    while level := [inner for one in level for inner in _inner(one)]:
        depth += 1
    return depth


def _inner(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []
