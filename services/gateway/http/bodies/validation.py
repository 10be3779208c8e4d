"""A request that does not fit its schema, told in one sentence with the field at fault."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import InvalidInput

#: Problems named in the message; further ones are counted.
MAX_NAMED = 5
#: Problems looked at; a body of brackets alone has hundreds of thousands.
MAX_READ = 1_000

_STEP = re.compile(r"[.\[]")


def describe(problems: Sequence[Any], body: object) -> InvalidInput:
    """The first problem decides ``param`` and ``code``; the message names all, up to ``MAX_NAMED``.

    Args:
        problems: As pydantic lists them; each has ``loc``, ``type`` and ``msg``.
        body: The parsed body, by which what the caller wrote is told from the names of a schema's branches.
    """
    placed = [(_field(problem, body), problem) for problem in problems[:MAX_READ]]
    distinct = list({(field, problem["type"]): (field, problem) for field, problem in _meant(placed)}.values())
    message = "; ".join(_sentence(field, problem) for field, problem in distinct[:MAX_NAMED])
    more = len(distinct) - MAX_NAMED + len(problems[MAX_READ:])
    if more > 0:
        message += f"; and {more} more"
    field, first = distinct[0]
    return InvalidInput(f"{message}.", param=field or None, code=_code(first["type"]))


def _meant(placed: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Of the branches of a union, those that came furthest: whoever wrote a list meant the list, and its second text is wrong."""
    further_in = {field[: step.start()] for field, _ in placed for step in _STEP.finditer(field)}
    return [(field, problem) for field, problem in placed if field not in further_in]


def _field(problem: Mapping[str, Any], body: object) -> str:
    """``messages[0].role``: the place in the body, or the name of a parameter of the query, the path or the head.

    Pydantic puts the names that it gives to the branches of a union among the keys: what the caller did not write is left out.
    """
    source, *parts = problem["loc"]
    if source != "body":
        return str(parts[0]) if parts else ""
    where, inside = "", body
    for part in parts:
        if isinstance(part, int):
            where += f"[{part}]"
            inside = inside[part] if isinstance(inside, list) and part < len(inside) else None
        elif isinstance(inside, dict) and part in inside:
            where += f".{part}" if where else part
            inside = inside[part]
    if problem["type"] == "missing" and parts:  # the one key that is named because nobody wrote it
        where += f".{parts[-1]}" if where else str(parts[-1])
    return where


def _sentence(field: str, problem: Mapping[str, Any]) -> str:
    kind = problem["type"]
    if kind == "missing":
        return f"Missing required parameter: '{field}'" if field else "The request needs a JSON body"
    if kind == "extra_forbidden":
        return f"Unrecognized request argument supplied: {field}"
    reason = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return f"Invalid '{field}': {reason}" if field else f"Invalid request: {reason}"


def _code(kind: str) -> str:
    if kind == "missing":
        return "missing_required_parameter"
    if kind == "extra_forbidden":
        return "unknown_parameter"
    return "invalid_type" if kind.endswith(("_type", "_parsing")) else "invalid_value"
