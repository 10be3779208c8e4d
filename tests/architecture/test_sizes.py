"""A module can be held in the head."""

from __future__ import annotations

import ast
from statistics import median

from tests.architecture.source import Module, modules

MAX_FILE = 500
MEDIAN_FILE = 150
MAX_FUNCTION = 80
MEDIAN_FUNCTION = 20


def lines(module: Module) -> int:
    return len(module.path.read_text(encoding="utf-8").splitlines())


def functions(module: Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the end, the docstring left out: explaining more must cost nothing."""
    assert function.end_lineno is not None
    first = function.body[0]
    documented = ast.get_docstring(function) is not None and first.end_lineno is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - docstring


def test_no_file_is_long() -> None:
    everything = modules() + modules("tests")
    assert [f"{m.place}: {lines(m)}" for m in everything if lines(m) > MAX_FILE] == []


def test_the_median_file_is_short() -> None:
    assert median(lines(module) for module in modules()) <= MEDIAN_FILE


def test_no_function_is_long() -> None:
    everything = modules() + modules("tests")
    too_long = [f"{m.place}:{f.lineno} {f.name}: {length(f)}" for m in everything for f in functions(m)]
    assert [entry for entry in too_long if int(entry.rpartition(" ")[2]) > MAX_FUNCTION] == []


def test_most_functions_are_short() -> None:
    assert median(length(function) for module in modules() for function in functions(module)) <= MEDIAN_FUNCTION
