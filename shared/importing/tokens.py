"""Tagged tokens as texts with labelled spans, for rows that are to hold those."""

from __future__ import annotations

from contextlib import suppress

from shared.importing.columns import folded
from shared.importing.content import Cells, Content
from shared.importing.options import ImportOptions
from shared.importing.targets import SHAPES, TARGETS
from shared.importing.unreadable import Unreadable
from shared.importing.values import as_words
from shared.rows.problems import Faulty
from shared.tasks.token_classification.record import row_from


def add_texts(content: Content, options: ImportOptions) -> None:
    """Give records that have tokens and tags, but are to be rows of texts, their text and entities.

    Where that cannot be, the record has none, and is left out for it.
    """
    names = {folded(column): column for column in content.columns}
    tokens, tags = (next((names[n] for n in _names(field) if n in names), None) for field in ("tokens", "tags"))
    wanted = options.task == "nlu" or (
        options.task is None and names.keys() & set(SHAPES["token_classification"].unless)
    )
    if tokens is None or tags is None or not wanted or "text" in names or "text" in options.columns:
        return
    for _, cells in content.records:
        with suppress(Unreadable, Faulty):
            cells.update(_record(cells.get(tokens, []), cells.get(tags, [])))
    content.columns = (*content.columns, "text", "entities")
    content.notes.append(f"texts and entities were made of {tokens!r} and {tags!r}")


def _names(field: str) -> list[str]:
    return [folded(name) for name in (field, *TARGETS[field])]


def _record(tokens: object, tags: object) -> Cells:
    row = row_from({"tokens": as_words(tokens), "tags": as_words(tags)})
    return {
        "text": row.text,
        "entities": [{"start": one.start, "end": one.end, "label": one.label} for one in row.entities],
    }
