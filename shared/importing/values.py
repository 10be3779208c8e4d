"""How the value of a column becomes what a field of our rows holds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from shared.importing.content import Cells, is_blank
from shared.importing.spans import spans_from
from shared.importing.targets import Reading
from shared.importing.unreadable import Unreadable
from shared.text.strict_json import parsed

#: What people write for each sentiment; numbers mean one thing here and another there, and have to be told.
SENTIMENT_WORDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("positive", "pos", "positiv", "positif", "positivo", "正面", "积极", "好评", "正向", "積極", "好評"),
        "positive",
    ),
    **dict.fromkeys(("neutral", "neu", "neutre", "neutro", "中性", "中立"), "neutral"),
    **dict.fromkeys(
        ("negative", "neg", "negativ", "négatif", "negativo", "负面", "消极", "差评", "负向", "負面", "消極", "差評"),
        "negative",
    ),
}
_ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant"}


def as_text(value: object) -> str:
    """A value as a person sees it in the sheet: 1 for 1.0, a day without its midnight."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (float, Decimal)) and math.isfinite(value) and value == int(value):
        return str(int(value))
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    raise Unreadable(f"a {'list' if isinstance(value, Sequence) else 'structure'} where a single value is needed")


def as_label(value: object) -> str:
    """The name of a label, without the blanks around it; a list of one is that one."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != 1:
            raise Unreadable("several labels where one is needed" if value else "no label")
        value = value[0]
    return as_text(value).strip()


def as_labels(value: object) -> list[str]:
    """Several labels: a list, JSON of one, or names with bars or semicolons between, else commas."""
    value = from_json(value)
    if isinstance(value, str):
        separator = next((sign for sign in ("|", ";") if sign in value), ",")
        value = [part for part in value.split(separator) if part.strip()]
    if not isinstance(value, Sequence):
        value = [value]
    return list(dict.fromkeys(as_label(one) for one in value))


def as_texts(value: object) -> list[str]:
    """Several texts: a list, JSON of one, or a single text."""
    value = from_json(value)
    if not isinstance(value, Sequence) or isinstance(value, str):
        value = [value]
    return [as_text(one) for one in value if not is_blank(one)]


def as_words(value: object) -> list[str]:
    """Words or their tags: a list, JSON of one, or a text with blanks between."""
    value = from_json(value)
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, Sequence):
        raise Unreadable("no list of words")
    return [as_text(one) for one in words]


def as_number(value: object) -> float:
    """A finite number; a decimal comma is one too."""
    if isinstance(value, str):
        try:
            value = float(value.strip().replace(",", ".", 1))
        except ValueError as error:
            raise Unreadable("a score that is no number") from error
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)) or not math.isfinite(value):
        raise Unreadable("a score that is no number")
    return float(value)


def as_answers(value: object, context: str) -> list[dict[str, object]]:
    """Answers with their starts: a list of ``{"text", "start"}``, or SQuAD's ``{"text": […], "answer_start": […]}``.

    Of a mere text the start is where it stands in the context, if it stands there once.
    """
    value = from_json(value)
    if isinstance(value, Mapping):
        starts = value.get("answer_start", value.get("start"))
        texts = value.get("text")
        if not isinstance(texts, Sequence) or isinstance(texts, str) or not isinstance(starts, Sequence):
            texts, starts = [texts], [starts]
        value = [{"text": text, "start": start} for text, start in zip(texts, starts, strict=False)]
    answers = [value] if isinstance(value, str) or not isinstance(value, Sequence) else value
    return [_answer(one, context) for one in answers]


def _answer(one: object, context: str) -> dict[str, object]:
    if isinstance(one, str) and one:
        if context.count(one) != 1:
            raise Unreadable("an answer without its start, which the context holds several times or not at all")
        return {"text": one, "start": context.index(one)}
    if isinstance(one, Mapping):
        start = one.get("start", one.get("answer_start"))
        if isinstance(one.get("text"), str) and type(start) is int:
            return {"text": one["text"], "start": start}
    raise Unreadable("answers without their starts")


def as_messages(value: object) -> list[dict[str, str]]:
    """A conversation: ``{"role", "content"}``, or ``{"from", "value"}`` as ShareGPT has it."""
    value = from_json(value)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Unreadable("messages that are no list")
    return [_message(one) for one in value]


def are_messages(value: object) -> bool:
    """Whether a value is a conversation."""
    try:
        return bool(as_messages(value))
    except Unreadable:
        return False


def _message(one: object) -> dict[str, str]:
    if isinstance(one, Mapping):
        role, content = one.get("role", one.get("from")), one.get("content", one.get("value"))
        if isinstance(role, str) and isinstance(content, str):
            return {"role": _ROLES.get(role, role), "content": content}
    raise Unreadable("a message without role and content")


def as_sentiment(value: object, meanings: Mapping[str, str]) -> str:
    """A sentiment, by what a person has said that the values mean, else by its word."""
    word = as_label(value)
    found = meanings.get(word) or SENTIMENT_WORDS.get(word.casefold())
    if found is None:
        raise Unreadable(
            f"{word[:40]!r} is no sentiment that is known; say what it means (sentiments), for example {word[:40]}=negative"
        )
    return found


def field_value(reading: Reading, value: object, so_far: Cells, meanings: Mapping[str, str]) -> object:
    """What a field holds.

    Args:
        reading: How it is read.
        value: What stands in the column.
        so_far: The fields of the row that are read already; spans are of its text.
        meanings: What the file's own words for sentiments mean.

    Raises:
        Unreadable: The value cannot be that.
    """
    if reading == "spans":
        return spans_from(from_json(value), str(so_far.get("text", "")))
    if reading == "sentiment":
        return as_sentiment(value, meanings)
    if reading == "answers":
        return as_answers(value, str(so_far.get("context", "")))
    return _READINGS[reading](value)


_READINGS: dict[Reading, Callable[[Any], object]] = {
    "text": as_text,
    "texts": as_texts,
    "context": as_texts,
    "label": as_label,
    "labels": as_labels,
    "number": as_number,
    "words": as_words,
    "messages": as_messages,
}
_JSON = re.compile(r"\s*[\[{]")


def from_json(value: object) -> object:
    """What a cell of JSON says; a text that only looks like it stays one."""
    if not isinstance(value, str) or not _JSON.match(value):
        return value
    try:
        return parsed(value)
    except (ValueError, RecursionError):
        return value
