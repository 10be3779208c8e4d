"""Labelled spans, however a tool writes them, as half-open spans of code points.

Tools that run in a browser may count UTF-16 units, of which an emoji is two. Where a span tells the text that it covers, that decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.importing.unreadable import Unreadable

_START = ("start", "start_offset", "startOffset", "begin")
_END = ("end", "end_offset", "endOffset")
_LABEL = ("label", "labels", "entity", "entity_group", "type", "tag")

Span = dict[str, object]


def spans_from(value: object, text: str) -> list[Span]:
    """The spans of a text, in the order of their starts; the same span twice is one.

    Raises:
        Unreadable: One of them cannot be understood, or covers another text than it says.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Unreadable("entities that are no list of spans")
    found: dict[tuple[int, int, str], Span] = {}
    for item in value:
        start, end, label, quoted = _parts(item)
        if quoted is not None and text[start:end] != quoted:
            start, end = _in_code_points(text, start, end, quoted)
        found[start, end, label] = {"start": start, "end": end, "label": label}
    return [found[key] for key in sorted(found)]


def are_spans(value: object) -> bool:
    """Whether a value is a list of spans, with at least one."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return False
    try:
        for item in value:
            _parts(item)
    except Unreadable:
        return False
    return True


def _parts(item: object) -> tuple[int, int, str, str | None]:
    if isinstance(item, Mapping):
        start, end, label = (_first(item, names) for names in (_START, _END, _LABEL))
        quoted = item.get("text")
    elif isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 3:
        start, end, label, quoted = *item, None
    else:
        raise Unreadable("a span that has not start, end and label")
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    start, end = _whole(start), _whole(end)
    if not isinstance(label, str) or not label.strip():
        raise Unreadable("a span without a label")
    name = "_".join(label.split())  # our entity labels have no blanks
    return start, end, name, quoted if isinstance(quoted, str) else None


def _first(item: Mapping[str, object], names: Sequence[str]) -> object:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _whole(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or value < 0:
        raise Unreadable("a span whose start or end is no position")
    return value


def _in_code_points(text: str, start: int, end: int, quoted: str) -> tuple[int, int]:
    units = text.encode("utf-16-le", "surrogatepass")
    before, within = units[: 2 * start], units[2 * start : 2 * end]
    try:
        if within.decode("utf-16-le") == quoted:
            begins = len(before.decode("utf-16-le"))
            return begins, begins + len(quoted)
    except UnicodeDecodeError as error:
        raise Unreadable("a span that covers another text than it says") from error
    raise Unreadable("a span that covers another text than it says")
