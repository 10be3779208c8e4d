"""Tags of tokens as labelled spans of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

from shared.importing.columns import folded
from shared.importing.content import Cells, Content
from shared.importing.options import ImportOptions
from shared.importing.targets import SHAPES, TARGETS
from shared.importing.unreadable import Unreadable
from shared.importing.values import as_words

TAG = re.compile(r"O|[BIESLUM]-\S+")
#: Chinese, Japanese and their punctuation, which are written without blanks.
_UNSPACED = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


def chunks(tags: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """First token, last token and label of each chunk, whichever of the schemes the tags are of."""
    begun: tuple[int, str] | None = None
    for index, (tag, following) in enumerate(pairwise([*tags, "O"])):
        prefix, _, label = tag.partition("-")
        if tag == "O":
            begun = None
            continue
        if begun is None or prefix in "BSU" or begun[1] != label:
            begun = (index, label)
        next_prefix, _, next_label = following.partition("-")
        if prefix in "ELSU" or following == "O" or next_prefix in "BSU" or next_label != label:
            yield begun[0], index, label
            begun = None


def spans_of(tags: Sequence[str], places: Sequence[tuple[int, int]]) -> list[dict[str, object]]:
    """The spans of a text whose tokens stand in these places."""
    return [{"start": places[first][0], "end": places[last][1], "label": label} for first, last, label in chunks(tags)]


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
        with suppress(Unreadable):
            cells.update(_record(as_words(cells.get(tokens, [])), as_words(cells.get(tags, []))))
    content.columns = (*content.columns, "text", "entities")
    content.notes.append(f"texts and entities were made of {tokens!r} and {tags!r}")


def _names(field: str) -> list[str]:
    return [folded(name) for name in (field, *TARGETS[field])]


def blank_between(left: str, right: str) -> str:
    """What stands between two tokens of which nothing is told: nothing between two signs that are written without blanks."""
    if not left or not right:
        return ""
    return "" if _UNSPACED.fullmatch(left[-1]) and _UNSPACED.fullmatch(right[0]) else " "


def _record(tokens: Sequence[str], tags: Sequence[str]) -> Cells:
    if len(tokens) != len(tags) or not all(TAG.fullmatch(tag) for tag in tags):
        return {}
    text, places = "", list[tuple[int, int]]()
    for token in tokens:
        text += blank_between(text, token)
        places.append((len(text), len(text) + len(token)))
        text += token
    return {"text": text, "entities": spans_of(tags, places)}
