"""The formula of a multi grader: parsed and computed here, and never run as code."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from shared.errors import InvalidInput

MAX_FORMULA = 1000

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": math.log,
}


def names_of(formula: str) -> set[str]:
    """The names of graders in a formula.

    Raises:
        InvalidInput: It is none.
    """
    return {node.id for node in ast.walk(_parsed(formula)) if isinstance(node, ast.Name)} - set(_FUNCTIONS)


def computed(formula: str, scores: Mapping[str, float]) -> float:
    """What a formula comes to.

    Raises:
        InvalidInput: It is none, names an unknown score, or comes to no number.
    """
    try:
        # Numbers are floats all the way: powers of integers could grow for ever.
        result = float(_value(_parsed(formula).body, scores))
    except (ArithmeticError, ValueError, TypeError) as error:
        raise InvalidInput(f"'calculate_output' comes to no number: {error}", param="calculate_output") from None
    if not math.isfinite(result):
        raise InvalidInput("'calculate_output' comes to no finite number", param="calculate_output")
    return result


def _parsed(formula: str) -> ast.Expression:
    if len(formula) > MAX_FORMULA:
        raise InvalidInput(f"'calculate_output' may have {MAX_FORMULA} characters", param="calculate_output")
    try:
        parsed = ast.parse(formula.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidInput("'calculate_output' is no formula", param="calculate_output") from None
    for node in ast.walk(parsed):
        _check(node)
    return parsed


def _check(node: ast.AST) -> None:
    allowed = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, ast.Constant, ast.Call, ast.operator)
    known = isinstance(node, (*allowed, ast.UAdd, ast.USub))
    if isinstance(node, ast.operator):
        known = type(node) in _OPERATORS
    elif isinstance(node, ast.Constant):
        value: Any = node.value
        known = type(value) in (int, float) and abs(value) <= 1e15  # beyond it a float is no whole number
    elif isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords
    if not known:
        raise InvalidInput(
            f"'calculate_output' knows names of graders, numbers, + - * / ** and {', '.join(_FUNCTIONS)}; nothing else",
            param="calculate_output",
        )


def _value(node: Any, scores: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant):
        number: Any = node.value
        return float(number)
    if isinstance(node, ast.Name):
        if node.id not in scores:
            raise InvalidInput(f"'calculate_output' names {node.id!r}, which is no grader", param="calculate_output")
        return float(scores[node.id])
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, scores)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        return float(_OPERATORS[type(node.op)](_value(node.left, scores), _value(node.right, scores)))
    return float(_FUNCTIONS[node.func.id](*(_value(argument, scores) for argument in node.args)))
