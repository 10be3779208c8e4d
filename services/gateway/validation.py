"""A request that does not fit its schema, told in one sentence with the field at fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import InvalidInput

#: Problems named in the message; further ones are counted.
MAX_NAMED = 5


def describe(problems: Sequence[Any], body: object = None) -> InvalidInput:
    """The first problem decides ``param`` and ``code``; the message names all, up to ``MAX_NAMED``.

    Args:
        problems: As pydantic lists them; each has ``loc``, ``type`` and ``msg``.
        body: The parsed body, by which what the caller wrote is told from the names of a schema's branches.
    """
    placed = [(_field(problem, body), problem) for problem in problems]
    distinct = list({(field, problem["type"]): (field, problem) for field, problem in _meant(placed)}.values())
    message = "; ".join(_sentence(field, problem) for field, problem in distinct[:MAX_NAMED])
    if len(distinct) > MAX_NAMED:
        message += f"; and {len(distinct) - MAX_NAMED} more"
    field, first = distinct[0]
    return InvalidInput(f"{message}.", param=field or None, code=_code(first["type"]))


def _meant(placed: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Of the branches of a union, those that came furthest: whoever wrote a list meant the list, and its second text is wrong."""
    fields = [field for field, _ in placed]
    return [
        (field, problem)
        for field, problem in placed
        if not any(other.startswith((f"{field}[", f"{field}.")) for other in fields if field)
    ]


def _field(problem: Mapping[str, Any], body: object) -> str:
    """``messages[0].role``: the place in the body, query or path. Names of a schema's branches are left out."""
    where, inside = "", body
    for place, part in enumerate(problem["loc"][1:], start=2):
        is_last = place == len(problem["loc"])
        if isinstance(part, int):
            where += f"[{part}]"
            inside = inside[part] if isinstance(inside, list) and part < len(inside) else None
        elif (
            _is_written(part, inside)
            or (not where and not _is_branch(part))
            or (is_last and problem["type"] == "missing")
        ):
            where += f".{part}" if where else part
            inside = inside.get(part) if isinstance(inside, dict) else None
    return where


def _is_written(part: str, inside: object) -> bool:
    """Whether the caller wrote a key, and the schema did not make it up for a branch."""
    return isinstance(inside, dict) and part in inside


def _is_branch(part: str) -> bool:
    return any(character in part for character in "[](),'-") or part in {"str", "int", "float", "bool"}


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
