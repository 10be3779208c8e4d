"""A request that does not fit its schema, told in one sentence with the field at fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import InvalidInput

#: Problems named in the message; further ones are counted.
MAX_NAMED = 5


def describe(problems: Sequence[Any]) -> InvalidInput:
    """The first problem decides ``param`` and ``code``; the message names all, up to ``MAX_NAMED``.

    Args:
        problems: As pydantic lists them; each has ``loc``, ``type`` and ``msg``.
    """
    distinct = list({(_field(problem), problem["type"]): problem for problem in problems}.values())
    message = "; ".join(_sentence(problem) for problem in distinct[:MAX_NAMED])
    if len(distinct) > MAX_NAMED:
        message += f"; and {len(distinct) - MAX_NAMED} more"
    first = distinct[0]
    return InvalidInput(f"{message}.", param=_field(first) or None, code=_code(first["type"]))


def _field(problem: Mapping[str, Any]) -> str:
    """``messages[0].role``: the place in the body, query or path. Names of union branches are left out."""
    where = ""
    for part in problem["loc"][1:]:
        if isinstance(part, int):
            where += f"[{part}]"
        elif not _is_branch(part):
            where += f".{part}" if where else part
    return where


def _is_branch(part: str) -> bool:
    return any(character in part for character in "[](),'") or part in {"str", "int", "float", "bool"}


def _sentence(problem: Mapping[str, Any]) -> str:
    field, kind = _field(problem), problem["type"]
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
