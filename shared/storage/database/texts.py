"""Texts that no database of ours can hold are refused alike by both, before they reach one.

PostgreSQL stores no NUL, and neither stores lone surrogates, the halves of a character that a careless client sends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from shared.errors import InvalidInput

_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def dump_json(value: Any) -> str:
    """JSON as it is stored: compact, and readable in any script.

    Raises:
        InvalidInput: A string in it holds a NUL.
    """
    return _without_nul(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def json_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as one JSON document; values of pydantic become objects.

    Raises:
        InvalidInput: A string holds a NUL or a lone surrogate.
    """
    try:
        return _without_nul(to_json(rows).decode())
    except PydanticSerializationError:
        raise InvalidInput(_REFUSAL) from None


def _without_nul(document: str) -> str:
    # The expression alone is slow: it begins anew at every character.
    if "\\u0000" in document and _ESCAPED_NUL.search(document):
        raise InvalidInput(_REFUSAL)
    return document


def refuse_unstorable(parameters: Any) -> None:
    """Check every string among the parameters of a statement.

    Raises:
        InvalidInput: One holds a NUL or a lone surrogate.
    """
    for text in _strings(parameters):
        if "\0" in text or not _is_encodable(text):
            raise InvalidInput(_REFUSAL)


_REFUSAL = "The text holds a NUL character or half of a surrogate pair; send well-formed Unicode without NUL."


def _strings(parameters: Any) -> Iterator[str]:
    if isinstance(parameters, str):
        yield parameters
    elif isinstance(parameters, Mapping):
        yield from _strings(parameters.values())
    elif isinstance(parameters, Iterable) and not isinstance(parameters, bytes):
        for parameter in parameters:
            yield from _strings(parameter)


def _is_encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
