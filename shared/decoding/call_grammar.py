"""What a model may write while functions are offered to it: calls whose arguments hold their schemas, and where it may, words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from shared.decoding.call_format import CallFormat
from shared.decoding.grammar import Grammars, checked
from shared.decoding.sampling import Constraint
from shared.decoding.tokenizer import DecoderTokens
from shared.errors import InvalidInput

#: Characters of the schemas of all functions of a request.
MAX_SCHEMAS = 65_536


class CallGrammars:
    """Makes the grammars of calls for one model.

    Args:
        grammars: Of the model's tokens.
        tokens: Its tokenizer.
        form: What its calls look like.
    """

    def __init__(self, grammars: Grammars, tokens: DecoderTokens, form: CallFormat) -> None:
        self._grammars = grammars
        self._form = form
        added = tokens.tokenizer.get_added_tokens_decoder()
        # llguidance takes an added token in angle brackets for a special one, whatever the tokenizer says of it.
        self._special = {
            token.content: index
            for index, token in added.items()
            if token.content and (token.special or (token.content[0] == "<" and token.content[-1] == ">"))
        }

    def of(
        self,
        schemas: Mapping[str, dict[str, Any]],
        *,
        forced: bool,
        parallel: bool,
        answer: dict[str, Any] | None,
    ) -> Constraint:
        """The grammar of calls to functions.

        Args:
            schemas: What the arguments of each have to be, by name.
            forced: The answer is a call; the text that calls begin with stands in the prompt.
            parallel: Several calls may follow one another.
            answer: The schema of an answer that is no call; ``None``: any text.

        Raises:
            InvalidInput: The schemas are too large, or say what cannot be followed.
        """
        written = {name: _compact(schema, "tools") for name, schema in schemas.items()}
        if sum(map(len, written.values())) > MAX_SCHEMAS:
            raise InvalidInput(
                f"the schemas of all tools may have {MAX_SCHEMAS} characters together; make them smaller", param="tools"
            )
        middle, end = self._literal(self._form.middle), self._literal(self._form.end)
        calls = [f"{self._literal(name)} {middle} %json {schema} {end}" for name, schema in written.items()]
        lines = ["%llguidance {}", *self._start(forced=forced, parallel=parallel, answer=answer)]
        lines.append("named: " + " | ".join(f"named_{number}" for number in range(len(calls))))
        lines += [f"named_{number}: {call}" for number, call in enumerate(calls)]
        return self._grammars.matched("\n".join(lines) + "\n", "tools")

    def _start(self, *, forced: bool, parallel: bool, answer: dict[str, Any] | None) -> list[str]:
        if forced:
            return ["start: named"]
        trigger, before = self._form.trigger, self._literal(self._form.before_name())
        mark = self._literal(trigger)
        if answer is not None:
            calls = "call+" if parallel else "call"
            schema = _compact(answer, "json_schema")
            return [f"start: {calls} | answer", f"answer: %json {schema}", f"call: {mark} {before} named"]
        start = "start: call* tail" if parallel else "start: call | tail"
        text = ["tail: TEXT", "TEXT: /(.|\\n)*/"]
        if trigger in self._special:
            return [start, *text, f"call: TEXT {mark} {before} named"]
        return [start, *text, f"lead[lazy]: TEXT {mark}", f"call: lead {before} named"]

    def _literal(self, text: str) -> str:
        """A text in the language of llguidance, which names special tokens by their numbers."""
        if not self._special:
            return _quoted(text)
        longest_first = sorted(self._special, key=len, reverse=True)
        parts = re.split("(" + "|".join(map(re.escape, longest_first)) + ")", text)
        found = (f"<[{self._special[part]}]>" if part in self._special else _quoted(part) for part in parts if part)
        return " ".join(found)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if text else ""


def _compact(schema: dict[str, Any], param: str) -> str:
    checked(schema, param)
    return json.dumps({**(schema or {"type": "object"}), "x-guidance": {"whitespace_flexible": False}})
