"""A YAML document as plain data that remembers its lines; the only home of PyYAML.

Only what YAML 1.2 calls the JSON schema is resolved: ``yes``, ``no``, ``on``, ``off`` and dates stay words, as a person
who writes answers for customers expects.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from shared.contracts.faults import Fault

MAX_BYTES = 1_000_000
#: Nested lists and mappings; also what ends an alias that contains itself.
MAX_DEPTH = 20
#: Values after aliases are replaced by what they stand for: what a "billion laughs" file runs into.
MAX_VALUES = 100_000

#: A file that is wrong everywhere is shown from its beginning.
MAX_FAULTS = 100

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast, where PyYAML has it
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp"))
_COLLECTION_TAGS = frozenset(("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"))
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "~": None, "": None}

Path = Sequence[str | int]


def dotted(path: Path) -> str:
    """A path as faults show it, e.g. ``flows.cancel_order.required.0``."""
    return ".".join(str(part) for part in path)


def summary(what: str, faults: Sequence[Fault]) -> tuple[str, list[Fault]]:
    """One sentence on a file with faults, and the faults to list, in order of lines.

    Args:
        what: The file, e.g. ``The bot file``.
        faults: At least one.
    """
    ordered = sorted(faults, key=lambda fault: fault.line)
    first = ordered[0]
    where = f"line {first.line}, {first.field}" if first.field else f"line {first.line}"
    more = f" (and {len(ordered) - 1} more)" if len(ordered) > 1 else ""
    return f"{what} has a fault in {where}: {first.message}{more}", ordered[:MAX_FAULTS]


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document; ``data`` is ``None`` if it could not be parsed.

    Attributes:
        data: Mappings, lists, texts, numbers, truth values and ``None``.
        faults: What is wrong with the YAML itself.
    """

    data: Any
    faults: tuple[Fault, ...]
    _root: yaml.Node | None = field(repr=False, default=None)

    def line(self, path: Path) -> int:
        """The 1-based line of the value at ``path``, or of the nearest part that the document has."""
        node, line = self._root, 1
        for part in path:
            found = _child(node, part)
            if found is not None:
                node, line = found
        return line

    def place_in_list(self, key: str) -> ListPlace | None:
        """Where a further item of the list ``key`` of the document goes; ``None`` if it is no list with a line for each item."""
        found = _child(self._root, key)
        node = found[0] if found else None
        if not isinstance(node, yaml.SequenceNode) or node.flow_style or node.start_mark is None:
            return None
        end = _last_leaf(node).end_mark
        return None if end is None else ListPlace(end.line + (end.column > 0), node.start_mark.column)


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A place between lines.

    Attributes:
        lines: Before it.
        indent: Blanks before the dash of an item.
    """

    lines: int
    indent: int


def parse(source: str | bytes, *, max_bytes: int = MAX_BYTES, max_values: int = MAX_VALUES) -> Document:
    """Read one YAML document, of text or of the bytes of a file; never raises for what is in it.

    Args:
        source: The document.
        max_bytes: What it may have.
        max_values: Values that it may have after aliases are replaced.
    """
    if isinstance(source, bytes):
        try:
            source = source.decode("utf-8")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            return Document(None, (Fault(line=line, field="", message="not UTF-8; save the file in that encoding"),))
    source = source.removeprefix("\ufeff")
    fault = _refuse_size(source, max_bytes) or _refuse_depth(source)
    if fault is not None:
        return Document(None, (fault,))
    try:
        root = yaml.compose(source, Loader=_LOADER)
    except yaml.YAMLError as error:
        return Document(None, (_syntax_fault(source, error),))
    builder = _Builder(max_values)
    data = None if root is None else builder.build(root, ())
    return Document(data, tuple(builder.faults), root)


def _refuse_size(source: str, max_bytes: int) -> Fault | None:
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        return Fault(line=line, field="", message="half a surrogate pair; save the file as UTF-8")
    if size <= max_bytes:
        return None
    return Fault(line=1, field="", message=f"{size} bytes; such a file may have {max_bytes}")


def _refuse_depth(source: str) -> Fault | None:
    """Look at the nesting before composing, which recurses."""
    depth = 0
    try:
        for event in yaml.parse(source, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                return Fault(line=_line(event), field="", message=f"nested more than {MAX_DEPTH} levels deep")
    except yaml.YAMLError as error:
        return _syntax_fault(source, error)
    return None


def _line(place: yaml.Node | yaml.Event) -> int:
    return place.start_mark.line + 1 if place.start_mark else 1


def _syntax_fault(source: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    lines = source.splitlines() or [""]
    line: int = min(mark.line + 1, len(lines)) if mark else 1  # what is missing at the end is found after it
    hint = " (a tab cannot indent; use blanks)" if "\t" in lines[line - 1] else ""
    return Fault(line=line, field="", message=f"not valid YAML: {problem}{hint}")


class _Builder:
    def __init__(self, max_values: int) -> None:
        self.faults: list[Fault] = []
        self._max_values = max_values
        self._values = 0

    def build(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        self._values += 1
        if self._values > self._max_values or len(path) > MAX_DEPTH:
            if self._values <= self._max_values + 1:
                self._values = self._max_values + 1
                self._fault(node, path, f"aliases unfold to more than {self._max_values} values or into themselves")
            return None
        if node.tag not in _PLAIN_TAGS | _COLLECTION_TAGS:
            self._fault(node, path, f"the tag {node.tag!r} has no meaning here; write plain YAML")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag not in _PLAIN_TAGS:
                self._fault(key_node, path, "a key must be a plain word")
            elif key in values:
                self._fault(key_node, (*path, key), "stands here twice; keep one of them")
            else:
                values[key] = self.build(value_node, (*path, key))
        return values

    def _fault(self, node: yaml.Node, path: Path, message: str) -> None:
        self.faults.append(Fault(line=_line(node), field=dotted(path), message=message))


def _scalar(node: yaml.ScalarNode) -> object:
    text: str = node.value
    if node.style:  # quoted or a block
        return text
    if _NUMBER.fullmatch(text):
        return float(text) if set(text) & set(".eE") else int(text)
    return _WORDS.get(text, text)


def _last_leaf(node: yaml.Node) -> yaml.Node:
    """What ends a node: a block of its own ends where the next one begins, behind comments that belong to that."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return node


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return value, _line(key)
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item, _line(item)
    return None
