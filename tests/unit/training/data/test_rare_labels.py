"""A label that occurs once does not end a job: it is left out, and named."""

from __future__ import annotations

import dataclasses

from services.training.data.checks import require_enough
from services.training.data.rare_labels import rare_labels, without
from shared.contracts.chat.understanding import SentimentLabel
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row

SENTIMENTS: tuple[SentimentLabel, ...] = ("neutral", "negative")
COMMON = [Row(f"text {number}", f"intent {number % 2}", (), SENTIMENTS[number % 2]) for number in range(12)]
LONELY = Row("only here", "lonely")
ROME = Row("to Rome by night", "intent 0", (Entity(3, 7, "city"), Entity(11, 16, "time")))
NIGHT = Row("good night all", "intent 1", (Entity(5, 10, "time"),))


def test_labels_of_one_text_are_found_by_head_however_often_it_is_repeated() -> None:
    rows = [*COMMON, LONELY, LONELY, ROME, NIGHT]
    assert rare_labels(rows) == {"intent": frozenset(("lonely",)), "entity": frozenset(("city",))}


def test_the_same_words_in_another_conversation_are_another_text() -> None:
    asked = dataclasses.replace(LONELY, context=("What do you want?",))
    assert rare_labels([*COMMON, LONELY, asked]) == {}


def test_one_row_out_of_scope_is_no_label_to_be_learned() -> None:
    assert rare_labels([*COMMON, Row("chess", "out_of_scope")]) == {}


def test_rows_keep_what_else_they_are_labelled_with() -> None:
    rows, left_out = without([*COMMON, LONELY, ROME, NIGHT], rare_labels([*COMMON, LONELY, ROME, NIGHT]))

    assert [row.text for row in rows[len(COMMON) :]] == [ROME.text, NIGHT.text]
    assert rows[-2] == dataclasses.replace(ROME, entities=(Entity(11, 16, "time"),))
    assert (dict(left_out.labels), left_out.rows) == ({"intent": ("lonely",), "entity": ("city",)}, 1)
    require_enough(rows)


def test_the_owner_is_told_what_is_missing_and_what_to_do() -> None:
    _, left_out = without([*COMMON, LONELY, ROME], rare_labels([*COMMON, LONELY, ROME, NIGHT]))
    told = left_out.warning() or ""
    assert "intent: lonely; entity: city." in told
    assert "1 rows had no other label" in told
    assert "Add rows" in told
    assert without(COMMON, {})[1].warning() is None
