"""Pictures in a conversation: what they tell is asked about before it counts."""

from __future__ import annotations

from shared.bot.bot_file import read_bot
from shared.contracts.media import Attachment, PictureCode
from tests.unit.dialogue.conversation import DESK, Conversation

RECEIPT = Attachment(lines=("CORNER SHOP", "Order number: A-10432", "Kettle  39.90 EUR", "Total  49.90 EUR"))
CLAIM = """
slots:
  number: {title: order number, type: order_number, entities: order_number, prompt: "Which order?", remember: true}
  paid: {title: amount, type: amount, prompt: "How much?"}
flows:
  claim: {title: your claim, intents: flights, required: [number, paid], confirm: "{number}, {paid}?", answer: "Claimed {number}."}
"""


def desk() -> Conversation:
    head, rest = DESK.split("slots:\n")
    tail = rest.split("answers:\n")[1]
    intents = head.replace("  move: {title: Move a booking}\n  parcel: {title: Find a parcel}\n", "")
    return Conversation(read_bot(f"{intents}{CLAIM.strip()}\nanswers:\n{tail}"))


def test_a_receipt_fills_slots_once_the_customer_says_that_it_is_right() -> None:
    talk = desk()
    answer = talk.say("I want my money back, here is the receipt", "flights", attachments=[RECEIPT])
    assert (answer.text, answer.kind) == (
        "In your picture I read order number A-10432, amount 49.90 EUR. Is that right?",
        "flow",
    )
    assert talk.flow.slots == {}, "nothing counts before the customer has said so"
    assert talk.say("yes").text == "A-10432, 49.90 EUR?"
    assert talk.say("yes").text == "Claimed A-10432."


def test_no_drops_it_and_the_question_is_asked() -> None:
    talk = desk()
    talk.say("money back", "flights", attachments=[RECEIPT])
    assert talk.say("no").text == "Which order?"
    assert (talk.flow.slots, talk.state.proposed) == ({}, {})


def test_what_the_customer_says_himself_goes_before_what_the_picture_tells() -> None:
    talk = desk()
    talk.say("money back", "flights", attachments=[RECEIPT])
    talk.say("no, it is B-20001", "inform")
    assert talk.flow.slots == {"number": "B-20001"}
    assert talk.say("yes", "affirm").kind == "flow"
    assert "paid" not in talk.flow.slots, "a later yes confirms nothing that was not asked just before"


def test_a_picture_as_the_answer_to_a_question() -> None:
    talk = desk()
    assert talk.say("money back", "flights").text == "Which order?"
    assert "A-10432" in talk.say("", attachments=[RECEIPT]).text
    assert talk.say("yes").text == "A-10432, 49.90 EUR?"


def test_what_is_not_clear_is_not_proposed() -> None:
    two = Attachment(lines=("A-10432", "B-20001", "10.00 EUR"))
    talk = desk()
    assert talk.say("money back", "flights", attachments=[two]).text == (
        "In your picture I read amount 10.00 EUR. Is that right?"
    )


def test_a_code_tells_as_well() -> None:
    code = Attachment(codes=(PictureCode(kind="QRCode", text="A-10432"),))
    assert "A-10432" in desk().say("money back", "flights", attachments=[code]).text


def test_words_of_a_picture_are_never_the_customers() -> None:
    """They start no flow, agree to nothing and ask for nobody."""
    talk = Conversation()
    note = Attachment(lines=("yes", "talk to a person", "I want to find a flight"))
    assert talk.say("", "person", attachments=[note]).text == "Thank you for the picture. What can I do for you?"
    assert (talk.state.flows, talk.state.handed_over, talk.state.failures) == ((), False, 0)


def test_a_value_that_later_flows_take_over_is_noted_after_a_yes() -> None:
    talk = Conversation()
    assert "A-10432" in talk.say("", attachments=[RECEIPT]).text
    assert talk.say("yes").text == "Thank you, I have noted order number A-10432."
    assert talk.say("where is my parcel", "parcel").text == "Looking for A-10432."


def test_a_person_who_has_taken_over_is_left_alone() -> None:
    talk = Conversation()
    talk.say("a person please", "person")
    assert talk.say("", attachments=[RECEIPT]).text == ""
