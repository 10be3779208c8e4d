"""Reads a bot file: YAML in, a checked bot or every fault with its line out."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.bot.bot import Bot
from shared.bot.consistency import contradictions
from shared.bot.document import Document, Path, dotted, parse, summary
from shared.bot.parts import Part
from shared.contracts.faults import Fault
from shared.errors import InvalidBot


def read_bot(source: str | bytes) -> Bot:
    """Read and check a bot file.

    Raises:
        InvalidBot: ``faults`` names line, path and remedy of everything that is wrong (up to 100, in order of lines).
    """
    document = parse(source)
    if document.faults:
        raise _invalid(list(document.faults))
    if not isinstance(document.data, dict):
        raise _invalid([Fault(line=1, field="", message="must be a mapping that begins with `version: 1`")])
    try:
        bot = Bot.model_validate(document.data)
    except ValidationError as error:
        raise _invalid([_schema_fault(document, item) for item in error.errors()]) from None
    faults = [
        Fault(line=document.line(path), field=dotted(path), message=message) for path, message in contradictions(bot)
    ]
    if faults:
        raise _invalid(faults)
    return bot


def _invalid(faults: list[Fault]) -> InvalidBot:
    message, listed = summary("The bot file", faults)
    return InvalidBot(message, listed, param="source")


_REMEDIES = {
    "missing": "is missing; add it",
    "string_type": "must be text; put it in quotes if it looks like a number",
    "string_too_short": "is empty; write something or take it out",
    "too_short": "is empty; write at least one item or take it out",
    "dict_type": "must be a mapping of `key: value` lines",
    "model_type": "must be a mapping of `key: value` lines",
    "tuple_type": "must be a list",
}


def _schema_fault(document: Document, error: ErrorDetails) -> Fault:
    path = [part for part in error["loc"] if part != "[key]"]
    if error["type"] == "extra_forbidden":
        message = f"is not a known key{_instead(str(path[-1]), _keys_at(Bot, path[:-1]))}"
    else:
        message = _REMEDIES.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return Fault(line=document.line(path), field=dotted(path), message=message)


def _instead(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known here: {', '.join(known)}" if known else "; take it out"


def _keys_at(section: type[Part], path: Path) -> list[str]:
    """The keys that the section at ``path`` may have; names and indices, which are no keys, are passed over."""
    for part in path:
        field = section.model_fields.get(str(part))
        inner = field and next(_sections(field.annotation), None)
        section = inner or section
    return list(section.model_fields)


def _sections(annotation: Any) -> Iterator[type[Part]]:
    """The sections that an annotation may hold: it itself, or those inside its union, list or mapping."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)
