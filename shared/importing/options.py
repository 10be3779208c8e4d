"""What a person may say about a file that is imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.chat.understanding import SENTIMENTS
from shared.errors import InvalidInput
from shared.importing.targets import SHAPES, TARGETS

_MAPPED = re.compile(r",(?=\s*(?:" + "|".join(sorted(TARGETS)) + r")\s*=)")
_FIELDS = ("map", "format", "encoding", "sheet", "header", "task", "sentiments")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file; what is not said is found out.

    Attributes:
        columns: The column of each target; an empty name says that the file has none.
        format: A name out of the table of formats.
        encoding: Of a text file.
        sheet: Name of a workbook's sheet.
        header: The row that names the columns; 0 says that none does, and that they are called A, B, C.
        task: What the rows are for.
        sentiments: What the file's own words or numbers mean.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    header: int | None = None
    task: str | None = None
    sentiments: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what can never work, whoever asks for it.

        Raises:
            InvalidInput: A name is not known.
        """
        for target in self.columns:
            if target not in TARGETS:
                raise InvalidInput(f"{target!r} is no field of our rows; use {', '.join(TARGETS)}.", param="map")
        if self.task is not None and self.task not in SHAPES:
            raise InvalidInput(f"{self.task!r} is no task; use one of {', '.join(SHAPES)}.", param="task")
        for value, meaning in self.sentiments.items():
            if meaning not in SENTIMENTS:
                raise InvalidInput(
                    f"{value}={meaning}: {meaning!r} is no sentiment; use {', '.join(SENTIMENTS)}.", param="sentiments"
                )
        if self.header is not None and self.header < 0:
            raise InvalidInput("The header is a row, counted from 1, or 0 for none.", param="header")


def columns_from(given: str) -> dict[str, str]:
    """What ``text=message,intent=label`` says; a column's own name may hold commas and equals signs.

    Raises:
        InvalidInput: It says something else.
    """
    return _pairs(_MAPPED.split(given), "map", "text=message,intent=label")


def sentiments_from(given: str) -> dict[str, str]:
    """What ``0=negative,1=positive`` says.

    Raises:
        InvalidInput: It says something else.
    """
    return _pairs(given.split(","), "sentiments", "0=negative,1=positive")


def _pairs(parts: list[str], param: str, example: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(f"{part!r} is not understood; write for example {example}.", param=param)
        if name.strip() in found:
            raise InvalidInput(f"{name.strip()!r} is given twice; keep one of them.", param=param)
        found[name.strip()] = value.strip()
    return found


def options_from(given: object) -> ImportOptions:
    """The options that a JSON object holds.

    Raises:
        InvalidInput: It is none, or holds something else; ``param`` names the field.
    """
    if not isinstance(given, Mapping):
        raise InvalidInput('\'import\' must be an object such as {"map": {"text": "message"}}.', param="import")
    unknown = [str(name) for name in given if name not in _FIELDS]
    if unknown:
        raise InvalidInput(f"Unknown {unknown[0]!r}; use {', '.join(_FIELDS)}.", param=f"import[{unknown[0]}]")
    header = given.get("header")
    if isinstance(header, str) and header.isascii() and header.isdigit() and len(header) < 8:
        header = int(header)
    if header is not None and type(header) is not int:
        raise InvalidInput("The header is a row, counted from 1, or 0 for none.", param="import[header]")
    try:
        return ImportOptions(
            columns=_texts(given, "map"),
            sentiments=_texts(given, "sentiments"),
            header=header,
            **{name: _text(given, name) for name in ("format", "encoding", "sheet", "task")},
        )
    except InvalidInput as error:
        raise InvalidInput(error.message, param=f"import[{error.param}]") from error


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f"{name!r} must be a string.", param=name)
    return value


def _texts(given: Mapping[str, Any], name: str) -> dict[str, str]:
    value = given.get(name) or {}
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise InvalidInput(f"{name!r} must be an object of strings.", param=name)
    return {str(key): one for key, one in value.items()}
