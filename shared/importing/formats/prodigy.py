"""Prodigy's JSON Lines: spans, and choices or single labels, of which only accepted ones count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.importing.content import Content, Row
from shared.importing.encoding import decoded
from shared.importing.formats.format import refuse_fields
from shared.importing.formats.json_records import content_of, lines_of, write_lines
from shared.importing.options import ImportOptions

#: Bookkeeping of its own, which nobody wants as a column.
_OWN = ("answer", "accept", "label", "spans", "options", "tokens", "config", "relations")


def read(data: bytes, options: ImportOptions) -> Content:
    """Read what ``db-out`` writes; rejected and ignored examples are left out and counted."""
    text, encoding = decoded(data, options.encoding)
    found, left_out = lines_of(text)
    taken: list[tuple[int, object]] = []
    for number, item in found:
        answer = item.get("answer", "accept") if isinstance(item, Mapping) else "accept"
        if answer == "accept":
            taken.append((number, _renamed(item)))
        else:
            left_out.append((number, f"its answer is {str(answer)[:20]!r}"))
    return content_of(taken, left_out, encoding, counted_in="line")


def is_export(item: object) -> bool:
    """Whether an object looks like a line of Prodigy."""
    if not isinstance(item, Mapping) or not isinstance(item.get("text"), str):
        return False
    judged = item.get("answer") in ("accept", "reject", "ignore") and bool({"spans", "accept", "label"} & item.keys())
    return judged or "_task_hash" in item or "_input_hash" in item


def _renamed(item: object) -> object:
    if not isinstance(item, Mapping):
        return item
    renamed: dict[str, object] = {
        name: value for name, value in item.items() if name not in _OWN and not name.startswith("_")
    }
    if item.get("accept"):
        renamed["intent"] = item["accept"]
    elif isinstance(item.get("label"), str):
        renamed["intent"] = item["label"]
    if isinstance(item.get("spans"), list):
        renamed["entities"] = item["spans"]
    return renamed


def write(rows: Sequence[Row]) -> bytes:
    """Accepted examples: the intent as their label, and the spans."""
    refuse_fields(rows, ("text", "intent", "entities"), "prodigy", ("text",))
    return write_lines([_line(row) for row in rows])


def _line(row: Row) -> dict[str, Any]:
    line: dict[str, Any] = {"text": row["text"]}
    if "entities" in row:
        line["spans"] = [{"start": one["start"], "end": one["end"], "label": one["label"]} for one in row["entities"]]
    if "intent" in row:
        line["label"] = row["intent"]
    return line | {"answer": "accept"}
