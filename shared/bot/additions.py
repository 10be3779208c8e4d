"""Knowledge pairs added to the text of a bot file, which keeps every comment and blank that its authors wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shared.bot.bot_file import read_bot
from shared.bot.document import ListPlace, parse
from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Addition:
    """A pair, and where it comes from.

    Attributes:
        id: Of the pair.
        question: In one wording.
        answer: As it is said.
        source: Who is cited.
        comment: Stands in the line above it.
    """

    id: str
    question: str
    answer: str
    source: str
    comment: str


def with_additions(source: str, additions: Sequence[Addition]) -> str:
    """The bot file with pairs behind those that it has. What becomes of it is read, and refused if it is no bot.

    Raises:
        InvalidBot: Pairs contradict those that are there, or the file is faulty itself.
        InvalidInput: Its knowledge is not written with a line for each pair.
    """
    document = parse(source)
    place = document.place_in_list("knowledge")
    lines = source.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if place is None:
        if isinstance(document.data, dict) and "knowledge" in document.data:
            raise InvalidInput(
                "'knowledge' of the bot file must have a line for each pair; write '- id: …'.", param="source"
            )
        lines.append("knowledge:\n")
        place = ListPlace(len(lines), 2)
    blanks = " " * place.indent
    lines[place.lines : place.lines] = [line for one in additions for line in _lines(one, blanks)]
    changed = "".join(lines)
    read_bot(changed)
    return changed


def _lines(one: Addition, blanks: str) -> list[str]:
    # JSON is YAML, and nobody's words end a string or a comment.
    pair = {"id": one.id, "question": _on_one_line(one.question), "answer": _on_one_line(one.answer)}
    pair["source"] = _on_one_line(one.source)
    return [f"{blanks}# {json.dumps(one.comment)[1:-1]}\n", f"{blanks}- {json.dumps(pair, ensure_ascii=False)}\n"]


def _on_one_line(text: str) -> str:
    """Without the line breaks that YAML knows and JSON does not escape."""
    return " ".join(text.split())
