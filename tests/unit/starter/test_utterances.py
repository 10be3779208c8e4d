"""The starter data keeps what its data card promises."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import pytest

from shared import starter
from shared.bot.bot import KnowledgePair
from shared.bot.bot_file import read_bot
from shared.contracts.chat.understanding import OUT_OF_SCOPE, SENTIMENTS
from shared.rows.reader import read_rows
from shared.rows.report import RowReport
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row
from shared.tasks.records import kind_by_fields

COMMON_INTENTS = frozenset(
    ("order_status", "cancel_order", "refund_status", "flight_search", "complaint", "talk_to_person", "inform")
)
OTHER_INTENTS = frozenset(
    (
        *("change_address", "return_item", "exchange_item", "damaged_item", "missing_item", "payment_problem"),
        *("invoice_request", "product_availability", "product_price", "shipping_cost", "discount_code"),
        *("flight_status", "change_booking", "cancel_booking", "baggage_allowance", "check_in", "hotel_search"),
        *("account_login", "praise", "opening_hours", "greeting", "goodbye", "thanks", "small_talk"),
        *("bot_identity", "affirm", "deny"),
    )
)
MINIMUM_BY_INTENT = {**dict.fromkeys(COMMON_INTENTS, 36), **dict.fromkeys(OTHER_INTENTS, 30), OUT_OF_SCOPE: 170}
MINIMUM_BY_LABEL = {
    **dict.fromkeys(("order_number", "date", "origin", "destination", "airline"), 60),
    **dict.fromkeys(("booking_reference", "city", "product", "amount", "address"), 25),
    **dict.fromkeys(("email", "payment_method", "travellers"), 25),
}
FORMS = {
    "order_number": r"#\d{6}|[A-Z]-\d{5}|ORD-\d{5}|\d{5}",
    "booking_reference": r"(?=.*\d)[A-Z0-9]{6}",
    "email": r"[\w.-]+@[\w-]+(\.[\w-]+)+",
}


@pytest.fixture(scope="module")
def report() -> RowReport:
    with starter.utterances().open("rb") as stream:
        return read_rows(stream, "jsonl", kind_by_fields)


@pytest.fixture(scope="module")
def rows(report: RowReport) -> list[Row]:
    return report.rows


@pytest.fixture(scope="module")
def knowledge() -> tuple[KnowledgePair, ...]:
    return read_bot(starter.bot().read_bytes()).knowledge


def _entities(row: Row) -> tuple[Entity, ...]:
    assert row.entities is not None, f"entities not labelled: {row.text}"
    return row.entities


def _values(row: Row) -> list[tuple[str, str]]:
    return [(entity.label, row.text[entity.start : entity.end]) for entity in _entities(row)]


def _carrier(row: Row) -> str:
    """The words of the row with every value replaced by its label; a row of signs only stays as it is."""
    text = row.text
    for entity in reversed(_entities(row)):
        text = f"{text[: entity.start]} {entity.label} {text[entity.end :]}"
    return " ".join(re.findall(r"\w+", text.lower())) or text


def _repeated(texts: Iterable[str]) -> list[str]:
    return [text for text, count in Counter(texts).items() if count > 1]


def _below(counts: Counter[str], minimum: dict[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in minimum if counts[name] < minimum[name]}


def test_the_product_reads_the_file_without_fault_or_warning(report: RowReport) -> None:
    assert (report.faults, report.warnings) == ([], [])


def test_every_intent_has_enough_rows(rows: list[Row]) -> None:
    counts = Counter(row.intent for row in rows if row.intent is not None)
    assert set(counts) == set(MINIMUM_BY_INTENT)
    assert _below(counts, MINIMUM_BY_INTENT) == {}


def test_rows_are_grouped_by_intent_and_those_with_a_context_come_last(rows: list[Row]) -> None:
    first = next(place for place, row in enumerate(rows) if row.context)
    assert all(row.context for row in rows[first:])
    changes = sum(before.intent != after.intent for before, after in pairwise(rows[:first]))
    assert changes == len({row.intent for row in rows[:first]}) - 1


def test_no_two_rows_differ_only_in_a_value(rows: list[Row]) -> None:
    alone = [row for row in rows if not row.context]
    assert _repeated(row.text.lower() for row in alone) == []
    assert _repeated(_carrier(row) for row in alone) == []


def test_only_rows_that_the_bots_words_explain_lack_an_intent(rows: list[Row]) -> None:
    assert [row.text for row in rows if row.intent is None and not row.context] == []


def test_contexts_end_with_words_of_the_bot(rows: list[Row]) -> None:
    said = starter.bot().read_text(encoding="utf-8")
    questions = {row.context[-1] for row in rows if row.context}
    known = [question for question in questions if question.split(". ")[-1][-12:] in said or "A-10432" in question]
    assert len(known) > 0.7 * len(questions)


def test_spans_are_whole_words_in_order(rows: list[Row]) -> None:
    for row in rows:
        end = 0
        for entity in _entities(row):
            before, after = row.text[: entity.start], row.text[entity.end :]
            value = row.text[entity.start : entity.end]
            assert end <= entity.start < entity.end, row.text
            assert value.strip(" .,;:!?") == value != "", row.text
            assert not re.search(r"\w$", before), row.text
            assert not re.match(r"\w", after), row.text
            end = entity.end


def test_values_with_a_fixed_form_have_it(rows: list[Row]) -> None:
    formed = [(label, value) for row in rows for label, value in _values(row) if label in FORMS]
    assert {label for label, _ in formed} == set(FORMS)
    assert [value for label, value in formed if not re.fullmatch(FORMS[label], value, re.IGNORECASE)] == []


def test_every_label_is_frequent_and_at_home_in_several_intents(rows: list[Row]) -> None:
    counts = Counter(label for row in rows for label, _ in _values(row))
    homes = Counter(label for _, label in {(row.intent, label) for row in rows for label, _ in _values(row)})
    assert set(counts) == set(MINIMUM_BY_LABEL)
    assert _below(counts, MINIMUM_BY_LABEL) == {}
    assert _below(homes, dict.fromkeys(MINIMUM_BY_LABEL, 4)) == {}


def test_values_are_spread_widely(rows: list[Row]) -> None:
    places = {"origin", "destination", "city"}
    distinct = {("place" if label in places else label, value.lower()) for row in rows for label, value in _values(row)}
    assert _below(Counter(kind for kind, _ in distinct), {"place": 40, "airline": 20, "product": 40}) == {}


def test_sentiment_does_not_follow_from_the_intent(rows: list[Row]) -> None:
    tones: dict[str, set[str]] = {}
    for row in rows:
        assert row.sentiment is not None, row.text
        if row.intent is not None:
            tones.setdefault(row.intent, set()).add(row.sentiment)
    assert {intent for intent, seen in tones.items() if seen != set(SENTIMENTS)} == {"complaint", "praise"}
    assert tones["complaint"] == {"negative", "neutral"}
    assert tones["praise"] == {"positive", "neutral"}


def test_knowledge_pairs_are_complete(knowledge: tuple[KnowledgePair, ...]) -> None:
    assert len(knowledge) >= 60
    for pair in knowledge:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", pair.id)
        assert 1 <= len(pair.also) <= 3, pair.id
        assert all(text.strip() for text in (pair.question, pair.source, *pair.also)), pair.id
        assert 1 <= len(re.findall(r"[.!?](?=\s|$)", pair.answer)) <= 3, pair.id


def test_knowledge_pairs_are_unique_and_no_training_rows(knowledge: tuple[KnowledgePair, ...], rows: list[Row]) -> None:
    questions = [text.lower() for pair in knowledge for text in (pair.question, *pair.also)]
    assert _repeated(pair.id for pair in knowledge) == []
    assert _repeated(questions) == []
    assert set(questions) & {row.text.lower() for row in rows} == set()
