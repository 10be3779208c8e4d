"""Texts, Markdown, and tables with commas: read in this process, since nothing of it can hang."""

from __future__ import annotations

from services.generation.documents.document import Document, Unreadable
from shared.errors import InvalidInput
from shared.importing.encoding import decoded
from shared.importing.formats import delimited
from shared.importing.options import ImportOptions

#: Headings of the two columns that make a table one of questions and their answers.
QUESTIONS = ("question", "questions", "query", "q", "问题", "问", "提问")
ANSWERS = ("answer", "answers", "reply", "a", "答案", "答", "回答", "回复")


def read_text(data: bytes) -> Document:
    """A text in any encoding that can be told.

    Raises:
        Unreadable: It is none, or has nothing in it.
    """
    try:
        text, _ = decoded(data)
    except InvalidInput as error:
        raise Unreadable("The file is no text, or in an encoding that cannot be told; save it as UTF-8.") from error
    return Document.of(text.replace("\r\n", "\n").replace("\r", "\n"))


def read_table(data: bytes) -> Document:
    """The rows of a table, each by itself: a question over its answer, else each value behind its column's name.

    Raises:
        Unreadable: It is no table, or has nothing in it.
    """
    try:
        content = delimited.read(data, ImportOptions())
    except InvalidInput as error:
        raise Unreadable(f"The table cannot be read: {error.message}") from error
    columns = {name.strip().casefold(): name for name in content.columns}
    question = next((columns[name] for name in QUESTIONS if name in columns), None)
    answer = next((columns[name] for name in ANSWERS if name in columns), None)
    rows = [cells for _, cells in content.records]
    if question is not None and answer is not None:
        return Document.of_records([f"{row.get(question, '')}\n{row.get(answer, '')}".strip() for row in rows])
    return Document.of_records(["\n".join(f"{name}: {value}" for name, value in row.items()) for row in rows])
