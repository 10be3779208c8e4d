"""Texts that have nothing to do with a model: what its scope score says of them shows where nowhere begins."""

from __future__ import annotations

from functools import cache

from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.rows.reader import read_rows
from shared.starter import utterances
from shared.tasks.nlu.row import Row
from shared.tasks.records import kind_by_fields


@cache
def strangers() -> tuple[Row, ...]:
    """The out-of-scope rows of the starter domain: small talk, other trades, other tasks.

    Some of them may well belong to the domain of a job, so only their bulk says anything.
    """
    with utterances().open("rb") as stream:
        rows = read_rows(stream, "jsonl", kind_by_fields).rows
    return tuple(Row(row.text) for row in rows if row.intent == OUT_OF_SCOPE)
