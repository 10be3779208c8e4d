"""The source tree as these tests see it: modules by dotted name, parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """One Python file."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def place(self) -> str:
        """Its path from the repository's root, for messages."""
        return str(self.path.relative_to(ROOT))

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


@dataclass(frozen=True)
class Import:
    """One ``import`` or ``from … import``: ``target`` is a module, or a name within one."""

    target: str
    line: int


@cache
def modules(*tops: str) -> tuple[Module, ...]:
    """The modules below the given folders, ``services`` and ``shared`` unless told otherwise."""
    paths = sorted(path for top in tops or ("services", "shared") for path in (ROOT / top).rglob("*.py"))
    return tuple(_parse(path) for path in paths)


def _parse(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))


@cache
def imports(module: Module) -> tuple[Import, ...]:
    """Every import, wherever in the file it stands."""
    return tuple(found for node in ast.walk(module.tree) for found in _targets(node))


def imports_at_start(module: Module) -> list[Import]:
    """The imports that run when the module is loaded; those for type checkers only do not."""
    return [found for node in _run_at_start(module.tree.body) for found in _targets(node)]


def _run_at_start(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and not ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from _run_at_start(node.body + node.orelse)
        elif not isinstance(node, ast.If):
            yield node


def _targets(node: ast.AST) -> list[Import]:
    if isinstance(node, ast.Import):
        return [Import(alias.name, node.lineno) for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module is not None:
        return [Import(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
    return []


def within(name: str, *packages: str) -> bool:
    """Whether a dotted name is one of the packages or lies in one."""
    return any(name == package or name.startswith(package + ".") for package in packages)
