from __future__ import annotations

from services.training.tasks.nlu.labels import LabelSpace
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row
from tests.unit.training.tiny_base import ROWS


def test_of_sorts_every_label_it_meets() -> None:
    labels = LabelSpace.of([Row("b", "zebra", (Entity(0, 1, "size"), Entity(0, 1, "colour"))), Row("a", "ant")])

    assert labels.intents == ("ant", "zebra")
    assert labels.tags == ("O", "B-colour", "I-colour", "B-size", "I-size")
    assert labels.sentiments == ()


def test_out_of_scope_gets_no_column() -> None:
    assert LabelSpace.of(ROWS).intents == ("flight", "hotel", "thanks")


def test_two_sentiments_in_the_rows_still_make_three_columns() -> None:
    rows = [Row("bad", sentiment="negative"), Row("good", sentiment="positive")]

    assert LabelSpace.of(rows).sentiments == ("negative", "neutral", "positive")


def test_rows_labelled_as_having_no_entity_make_no_tag_head() -> None:
    assert LabelSpace.of([Row("hello", "greeting", ())]).tags == ()


def test_labels_whose_neighbours_are_labelled_apart_are_known() -> None:
    rows = [
        Row("milk bread in Rome, Paris", None, (Entity(0, 4, "item"), Entity(5, 10, "item"), Entity(14, 18, "city"))),
        Row("Rome, Paris now", None, (Entity(6, 11, "city"), Entity(0, 4, "city"), Entity(12, 15, "time"))),
    ]

    labels = LabelSpace.of(rows)

    assert labels.apart == labels.to_manifest().apart == ("item",)


def test_one_row_of_many_labelled_apart_is_a_slip() -> None:
    slip = Row("New York", None, (Entity(0, 3, "city"), Entity(4, 8, "city")))

    assert LabelSpace.of([slip, *[Row("Rome", None, (Entity(0, 4, "city"),))] * 100]).apart == ()


def test_manifest_keeps_the_order_of_the_columns() -> None:
    labels = LabelSpace.of(ROWS)

    manifest = labels.to_manifest()

    assert (manifest.intents, manifest.tags, manifest.sentiments) == (labels.intents, labels.tags, labels.sentiments)
