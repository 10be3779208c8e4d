"""The starter bot suits the starter data, and holds the conversation that newcomers try first."""

from __future__ import annotations

import pytest

from shared import starter
from shared.bot.bot import Bot
from shared.bot.bot_file import read_bot
from shared.contracts.chat.understanding import OUT_OF_SCOPE
from shared.dialogue.values.slots import SlotReader
from shared.rows.reader import read_rows
from shared.tasks.nlu.row import Row
from shared.tasks.records import kind_by_fields
from tests.unit.dialogue.conversation import TODAY, Conversation


@pytest.fixture(scope="module")
def bot() -> Bot:
    return read_bot(starter.bot().read_bytes())


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with starter.utterances().open("rb") as stream:
        return read_rows(stream, "jsonl", kind_by_fields).rows


def test_the_bot_knows_every_intent_of_the_data(bot: Bot, rows: list[Row]) -> None:
    assert set(bot.intents) == {row.intent for row in rows} - {OUT_OF_SCOPE, None}


def test_slots_are_filled_from_labels_of_the_data(bot: Bot, rows: list[Row]) -> None:
    labels = {entity.label for row in rows for entity in row.entities or ()}
    used = {label for slot in bot.slots.values() for label in (*slot.entities, *slot.when_asked)}
    assert used <= labels


def test_values_of_the_data_do_for_their_slots(bot: Bot, rows: list[Row]) -> None:
    reader = SlotReader(bot, TODAY)
    values = {
        (entity.label, row.text[entity.start : entity.end])
        for row in rows
        for entity in row.entities or ()
        if entity.label in ("order_number", "booking_reference", "airline", "origin", "destination", "address")
    }
    refused = [(slot, text) for slot, text in values if reader.value(slot, text) is None]
    assert len(values) > 200
    assert refused == []


def test_flights_digression_correction_anger_and_a_person(bot: Bot) -> None:
    talk = Conversation(bot)
    assert "airline" in talk.say("I want to know about flights", "flight_search").text
    answer = talk.say("What are your opening hours?", "opening_hours")
    assert "9:00" in answer.text
    assert "Back to your flight search: " in answer.text
    assert "airline" in answer.text
    talk.inform("Lufthansa", "airline=Lufthansa")
    talk.inform("from Berlin to Paris", "origin=Berlin", "destination=Paris")
    talk.inform("no wait, to Rome instead", "destination=Rome")
    assert talk.inform("tomorrow", "date=tomorrow") == (
        "So that is a flight from Berlin to Rome on Wednesday 11 March 2026 with Lufthansa, for one traveller. "
        "Is that right?"
    )
    done = talk.say("yes, that's right", "affirm").text
    assert "Berlin" in done
    assert "Paris" not in done
    assert "colleague" in done, "there is no booking system; nothing is promised"
    talk.say("this is the worst service ever", "complaint", tone="negative")
    assert talk.say("I want to talk to a real person, now!", "talk_to_person", tone="negative").handover == "requested"
    assert talk.say("hello?", "greeting").text == ""


@pytest.mark.parametrize(
    ("intent", "messages", "end"),
    [
        ("cancel_order", ["A-10432", "yes"], "cancellation of order A-10432"),
        ("change_address", ["#558201", "14 Elm Street, Bristol", "yes"], "order 558201 on: 14 Elm Street, Bristol"),
        ("return_item", ["10432", "the blue backpack", "yes"], "the blue backpack from order 10432"),
        ("refund_status", ["ORD-77120"], "refund for order ORD-77120"),
        ("order_status", ["it is A-10432"], "A-10432"),
        ("change_booking", ["k7pq2m", "14 March", "yes"], "booking K7PQ2M to Saturday 14 March 2026"),
        ("cancel_booking", ["my reference is K7PQ2M", "yes"], "cancellation of booking K7PQ2M"),
        ("hotel_search", ["lisbon", "next Friday", "yes"], "hotel in Lisbon from Friday 20 March 2026"),
        ("flight_search", ["any", "Berlin", "Rome", "tomorrow", "yes"], "Berlin to Rome on Wednesday 11 March 2026"),
    ],
)
def test_every_flow_ends_even_if_the_model_finds_no_entity(
    bot: Bot, intent: str, messages: list[str], end: str
) -> None:
    talk = Conversation(bot)
    talk.say("please help", intent)
    for message in messages[:-1]:
        assert talk.say(message, "inform").kind == "flow"
    assert end in talk.say(messages[-1], "affirm" if messages[-1] == "yes" else "inform").text
    assert talk.state.flows == ()
