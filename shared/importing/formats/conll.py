"""CoNLL columns: a token a line, its tag in the last column, a blank line after each sentence.

Texts are rebuilt from the tokens, with a blank between two of them (none in Chinese), so that spans count characters. Where the columns between say
``SpaceAfter=No`` or ``SpacesAfter=…`` (as CoNLL-U and UDPipe do, and as we write), the text comes out as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from shared.importing.content import Content, Records, Row
from shared.importing.encoding import decoded
from shared.importing.formats.format import Unwritable, refuse_fields
from shared.importing.options import ImportOptions
from shared.tasks.token_classification.record import blank_between, spans_of

_TAG = re.compile(r"O|[BIESLU]-\S+")
_BREAK = re.compile(r"\r\n|\r|\n")
#: Words, and every other sign by itself; a blank of any kind separates.
_TOKEN = re.compile(r"\w+|[^\w\s]")
_WORD_OF_SPACE = {" ": "\\s", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\", "|": "\\p"}
_SPACE_OF_WORD = {word: space for space, word in _WORD_OF_SPACE.items()}
_BEFORE, _AFTER, _NONE = "SpacesBefore=", "SpacesAfter=", "SpaceAfter=No"

_TokenLine = tuple[str, str, str, str | None]
"""Token, tag, and what stands before and after the token in the text; ``None`` if that is not told."""


def read(data: bytes, options: ImportOptions) -> Content:
    """Read BIO, IOB1, IOBES and BILOU alike; the number of a sentence is its first line."""
    text, encoding = decoded(data, options.encoding)
    records = Records(("text", "entities", "tokens", "tags"))
    for number, lines in _sentences(text):
        tokens = [_token(line) for line in lines]
        if any(token is None for token in tokens):
            records.left_out.add(number, "a line without a tag such as O, B-city or I-city in its last column")
        else:
            records.add(number, _record([token for token in tokens if token is not None]))
    return Content(
        records.columns, records.items, records.left_out, [], encoding, counted_in="line", task=_task(options)
    )


def _task(options: ImportOptions) -> str:
    return "token_classification" if {"tokens", "tags"} & options.columns.keys() else "nlu"


def looks_like(text: str) -> bool:
    """Whether the first sentence of a text is one of tokens with tags."""
    first = next((lines for _, lines in _sentences(text[:20_000])), [])
    return bool(first) and all(_token(line) is not None for line in first)


def _sentences(text: str) -> Iterator[tuple[int, list[str]]]:
    first, lines = 1, list[str]()
    for number, line in enumerate([*_BREAK.split(text), ""], start=1):
        if not line.strip():
            if lines:
                yield first, lines
            lines = []
        elif not line.startswith("-DOCSTART-") and not _is_comment(line):
            if not lines:
                first = number
            lines.append(line)


def _is_comment(line: str) -> bool:
    """``# text = …``; a token may be ``#`` too, but has a tag."""
    return line.startswith("#") and _token(line) is None


def _token(line: str) -> _TokenLine | None:
    columns = line.split("\t") if "\t" in line else line.split()
    if len(columns) < 2 or not columns[0].strip() or not _TAG.fullmatch(columns[-1].strip()):
        return None
    before = ""
    after: str | None = None
    for column in columns[1:-1]:
        for feature in column.split("|"):
            if feature == _NONE:
                after = ""
            elif feature.startswith(_AFTER):
                after = _spaces(feature.removeprefix(_AFTER))
            elif feature.startswith(_BEFORE):
                before = _spaces(feature.removeprefix(_BEFORE))
    return columns[0].strip(), columns[-1].strip(), before, after


def _spaces(words: str) -> str:
    return re.sub(r"\\.", lambda word: _SPACE_OF_WORD.get(word.group(), word.group()), words)


def _record(lines: Sequence[_TokenLine]) -> dict[str, object]:
    text, places = "", []
    for index, (token, _, before, after) in enumerate(lines):
        text += before
        places.append((len(text), len(text) + len(token)))
        blank = blank_between(token, lines[index + 1][0]) if index < len(lines) - 1 else ""
        text += token + (blank if after is None else after)
    tags = [tag for _, tag, _, _ in lines]
    spans = [{"start": one.start, "end": one.end, "label": one.label} for one in spans_of(tags, places)]
    return {"text": text, "entities": spans, "tokens": [line[0] for line in lines], "tags": tags}


def write(rows: Sequence[Row]) -> bytes:
    """BIO in three columns: token, what blanks are around it, tag. Tokens are words and signs, cut where a span begins or ends."""
    if rows and "tokens" in rows[0]:
        refuse_fields(rows, ("tokens", "tags"), "conll", ("tokens", "tags"))
        sentences = [_columns(number, row) for number, row in enumerate(rows, start=1)]
    else:
        refuse_fields(rows, ("text", "entities"), "conll", ("text", "entities"))
        sentences = [_sentence(number, row) for number, row in enumerate(rows, start=1)]
    written = "".join(f"{sentence}\n\n" for sentence in sentences)
    return (
        "\n" + written if written.startswith("\ufeff") else written
    ).encode()  # at the very start it would be a mark


def _columns(number: int, row: Row) -> str:
    for name in ("tokens", "tags"):
        if any(word != word.strip() or not word or "\t" in word or _BREAK.search(word) for word in row[name]):
            raise Unwritable(
                number, name, "blanks, tabs or line breaks at or in a word, which conll cannot hold; use jsonl."
            )
    sentence = "\n".join(f"{token}\t{tag}" for token, tag in zip(row["tokens"], row["tags"], strict=True))
    return _proven(number, sentence, {name: row[name] for name in ("tokens", "tags")}, "tags")


def _sentence(number: int, row: Row) -> str:
    spans = [{name: one[name] for name in ("start", "end", "label")} for one in row["entities"]]
    return _proven(number, "\n".join(_lines(row)), {"text": row["text"], "entities": spans}, "entities")


def _proven(number: int, sentence: str, expected: Row, field: str) -> str:
    """The sentence, if it reads as what it was made of."""
    tokens = [_token(line) for line in _BREAK.split(sentence)]
    back = _record([token for token in tokens if token is not None]) if None not in tokens else {}
    if any(back.get(name) != value for name, value in expected.items()):
        raise Unwritable(
            number,
            field,
            "conll cannot hold them: a label with blanks, or a span that begins or ends with some; use jsonl.",
        )
    return sentence


def _lines(row: Row) -> Iterator[str]:
    text = row["text"]
    cuts = sorted({0, len(text), *(place for one in row["entities"] for place in (one["start"], one["end"]))})
    places = [
        (start + found.start(), start + found.end())
        for start, end in pairwise(cuts)
        for found in _TOKEN.finditer(text[start:end])
    ]
    for index, (start, end) in enumerate(places):
        last = index == len(places) - 1
        after = text[end : len(text) if last else places[index + 1][0]]
        before = text[:start] if index == 0 else ""
        usual = "" if last else blank_between(text[end - 1], text[places[index + 1][0]])
        yield f"{text[start:end]}\t{_around(before, after, usual)}\t{_tag(row, start)}"


def _around(before: str, after: str, usual: str) -> str:
    """The column between token and tag; only what is not usual has to be told."""
    features = [_BEFORE + _words(before)] if before else []
    if after != usual:
        features.append(_AFTER + _words(after) if after else _NONE)
    return "|".join(features) or "_"


def _words(spaces: str) -> str:
    return "".join(_WORD_OF_SPACE.get(space, space) for space in spaces)


def _tag(row: Row, start: int) -> str:
    for one in row["entities"]:
        if one["start"] <= start < one["end"]:
            return f"{'B' if one['start'] == start else 'I'}-{one['label']}"
    return "O"
