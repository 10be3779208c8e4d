"""doccano's JSON Lines: text classification, sequence labelling, and intent detection with slot filling.

Offsets are code points since version 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.importing.content import Content, Row
from shared.importing.encoding import decoded
from shared.importing.formats.format import refuse_fields, refuse_some_unlabelled
from shared.importing.formats.json_records import content_of, lines_of, write_lines
from shared.importing.options import ImportOptions

_TEXTS = ("text", "data")


def read(data: bytes, options: ImportOptions) -> Content:
    """Read an export of any of the three projects."""
    text, encoding = decoded(data, options.encoding)
    found, left_out = lines_of(text)
    spans = any(_has_spans(item) for _, item in found)
    renamed = [(number, _renamed(item, spans=spans)) for number, item in found]
    return content_of(renamed, left_out, encoding, counted_in="line")


def is_export(item: object) -> bool:
    """Whether an object looks like a line of doccano."""
    if not isinstance(item, Mapping) or not any(isinstance(item.get(name), str) for name in _TEXTS):
        return False
    return isinstance(item.get("label"), list) or ("entities" in item and ("relations" in item or "cats" in item))


def _has_spans(item: object) -> bool:
    labels = item.get("label") if isinstance(item, Mapping) else None
    return isinstance(labels, list) and any(isinstance(label, list) for label in labels)


def _renamed(item: object, *, spans: bool) -> object:
    """With our names: what ``label`` holds differs by project, and an empty list looks the same in all of them."""
    if not isinstance(item, Mapping):
        return item
    renamed: dict[str, object] = {name: value for name, value in item.items() if name not in ("label", "cats")}
    if "text" not in renamed and isinstance(item.get("data"), str):
        renamed["text"] = renamed.pop("data")
    label = item.get("label")
    if spans and isinstance(label, list):
        renamed["entities"] = label
    elif label:
        renamed["intent"] = label
    if item.get("cats"):
        renamed["intent"] = item["cats"]
    return renamed


def write(rows: Sequence[Row]) -> bytes:
    """The lines of the project that holds what the rows have: intents, entities, or both."""
    with_entities = any("entities" in row for row in rows)
    with_intents = any("intent" in row for row in rows)
    needed = [name for name, here in (("intent", with_intents), ("entities", with_entities)) if here]
    refuse_fields(rows, ("text", "intent", "entities"), "doccano", ("text", *needed))
    refuse_some_unlabelled(rows, "doccano")
    return write_lines([_line(row) for row in rows])


def _line(row: Row) -> dict[str, Any]:
    spans = [[one["start"], one["end"], one["label"]] for one in row.get("entities", ())]
    if "intent" not in row:
        return {"text": row["text"], "label": spans}
    if "entities" not in row:
        return {"text": row["text"], "label": [row["intent"]]}
    return {"text": row["text"], "cats": [row["intent"]], "entities": spans}
