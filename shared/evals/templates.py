"""Texts with ``{{item.x}}`` and ``{{sample.output_text}}``: names, fields and places, and nothing that could run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from shared.errors import InvalidInput

#: Characters of what a template makes.
MAX_MADE = 1_000_000

_MARK = re.compile(r"\{\{\s*([^{}]{1,256}?)\s*\}\}")
_PATH = re.compile(r"(item|sample)((?:\.[^.\[\]\s]+|\[\d{1,6}\])*)")
_STEP = re.compile(r"\.([^.\[\]\s]+)|\[(\d+)\]")

Namespace = Mapping[str, Any]
"""``item`` and ``sample``."""


def check(template: str, param: str) -> str:
    """The template itself, if every mark in it is a path.

    Raises:
        InvalidInput: One begins with neither ``item`` nor ``sample``.
    """
    for path in _MARK.findall(template):
        if not _PATH.fullmatch(path):
            raise InvalidInput(
                f"{param}: '{{{{{path}}}}}' is no path; write {{{{item.NAME}}}} or {{{{sample.output_text}}}}.",
                param=param,
            )
    return template


def filled(template: str, names: Namespace) -> str:
    """The template with what stands in a row in place of its marks; what is no text as JSON.

    Raises:
        InvalidInput: The row has no such field, or the text becomes too long.
    """

    def found(match: re.Match[str]) -> str:
        value = value_at(match[1], names)
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    made = _MARK.sub(found, template)
    if len(made) > MAX_MADE:
        raise InvalidInput(f"a template makes {len(made)} characters of a row; {MAX_MADE} are the most")
    return made


def value_at(path: str, names: Namespace) -> Any:
    """What stands at a path.

    Raises:
        InvalidInput: Nothing does.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise InvalidInput(f"{path!r} is no path into 'item' or 'sample'")
    value: Any = names.get(match[1])
    for name, place in _STEP.findall(match[2]):
        try:
            value = value[name] if name else value[int(place)]
        except (KeyError, IndexError, TypeError):
            raise InvalidInput(f"the row has nothing at {path!r}") from None
    if value is None:
        raise InvalidInput(f"the row has nothing at {path!r}")
    return value
