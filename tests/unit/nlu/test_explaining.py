from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.nlu.explaining import MOST, explain, without, words
from shared.contracts.chat.explanations import ExplainTurn
from shared.contracts.chat.turns import PastTurn, TurnReceived
from tests.unit.nlu.test_handlers import CountingReader


def asked(text: str, *history: PastTurn) -> ExplainTurn:
    turn = TurnReceived(turn_id="turn_1", conversation_id="conv_1", text=text, history=history, received_at=1.0)
    return ExplainTurn(turn=turn, model="served", bot_version=1, answered_by="template")


def test_every_word_is_left_out_once_and_all_is_read_in_one_call() -> None:
    reader = CountingReader("served")
    told = explain(reader, asked("Where is my order-12?", PastTurn(user="hi", answer="hello")))
    assert [effect.text for effect in told.reading.words] == ["Where", "is", "my", "order-12"]
    assert reader.calls == [5]
    assert reader.contexts == [("hi", "hello")] * 5


def test_what_a_word_did_is_the_difference_that_leaving_it_out_makes() -> None:
    reader = CountingReader("served")
    told = explain(reader, asked("order it"))
    whole, left = (one.understanding for one in reader.read(["order it", "it"]))
    assert whole.intent is not None
    likely = {score.name: score.confidence for score in left.ranking}
    assert told.reading.words[0].intent == whole.intent.confidence - likely.get(whole.intent.name, 0.0)
    assert whole.sentiment is not None
    assert left.sentiment is not None
    assert told.reading.words[0].sentiment == whole.sentiment.score - left.sentiment.score


def test_chinese_is_left_out_by_pairs_of_characters() -> None:
    text = "我的订单在哪里? A-12"
    assert [text[start:end] for start, end in words(text)] == ["我的", "订单", "在哪", "里", "A-12"]


def test_a_blank_text_has_no_words() -> None:
    assert explain(CountingReader("served"), asked(" ")).reading.words == ()


@given(st.text(max_size=400))
def test_of_any_text_there_are_few_words_in_order_and_they_can_be_left_out(text: str) -> None:
    spans = words(text)
    assert len(spans) <= MOST
    assert all(start < end for start, end in spans)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    left = without(text, *spans)
    assert len(left) <= len(text) - sum(end - start for start, end in spans)
