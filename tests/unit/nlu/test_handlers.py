from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from services.nlu.handlers import build_handlers, build_release_handlers
from services.nlu.named_models import NamedModels
from services.nlu.served_model import ServedModel
from shared.contracts.chat.analysis import AnalyzeText, TextAnalyzed
from shared.contracts.chat.turns import PastTurn, TurnReceived, TurnUnderstood
from shared.contracts.releases import BotPublished, ModelPublished
from shared.errors import NoModel, NotFound, ParleyError
from shared.inference.fake import FakeReader
from shared.inference.reading import Context, Reader, Reading
from shared.inference.slot import ModelSlot


class CountingReader(FakeReader):
    """Remembers how many texts came with each call."""

    def __init__(self, model_id: str) -> None:
        super().__init__(model_id, ["greet", "bye", "order"], embedding_size=8)
        self.calls: list[int] = []
        self.contexts: Sequence[Context] | None = None

    def read(self, texts: Sequence[str], contexts: Sequence[Context] | None = None) -> list[Reading]:
        self.calls.append(len(texts))
        self.contexts = contexts
        return super().read(texts, contexts)


SHELF = {"served": CountingReader("served"), "other": CountingReader("other")}


def load(model_id: str) -> Reader:
    if model_id not in SHELF:
        raise NotFound(f"No model {model_id!r}.", param="model")
    return CountingReader(model_id)


@pytest.fixture
def served() -> CountingReader:
    return CountingReader("served")


@pytest.fixture
def slot(served: CountingReader) -> ModelSlot:
    slot = ModelSlot("nlu")
    slot.swap(served)
    return slot


@pytest.fixture
def production(slot: ModelSlot) -> ServedModel:
    return ServedModel(slot, "nlu", lambda: "served", load)


@pytest.fixture
def named() -> Iterator[NamedModels]:
    models = NamedModels(load, clock=lambda: 0.0)
    yield models
    models.close()


def turn(number: int, text: str) -> TurnReceived:
    return TurnReceived(turn_id=f"turn_{number}", conversation_id="conv_1", text=text, received_at=1.0)


def vector(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=dtype)


def analyze(handle: object, requests: Sequence[AnalyzeText]) -> list[TextAnalyzed]:
    """Ask until named models are loaded, as the consumer loop does."""
    assert callable(handle)
    while True:
        try:
            return list(handle(requests))
        except ParleyError as error:
            if not error.retryable:
                raise


def test_turns_that_came_together_are_read_together(
    production: ServedModel, named: NamedModels, served: CountingReader
) -> None:
    turns = [turn(number, text) for number, text in enumerate(["hello", "where is it?", "bye"])]
    answers = build_handlers(production, named)[TurnReceived](turns)
    assert served.calls == [3]
    assert [answer.turn for answer in answers if isinstance(answer, TurnUnderstood)] == turns


def test_a_turn_is_read_after_what_was_said_last(
    production: ServedModel, named: NamedModels, served: CountingReader
) -> None:
    past = (PastTurn(user="hi", answer="Hello!"), PastTurn(user="flights", answer="Where from?"))
    handle = build_handlers(production, named)[TurnReceived]
    handle([turn(1, "hello"), turn(2, "Paris").model_copy(update={"history": past})])
    assert served.contexts == [(), ("flights", "Where from?")]
    handle([turn(1, "hello")])
    assert served.contexts is None


def test_texts_bring_their_contexts(production: ServedModel, named: NamedModels, served: CountingReader) -> None:
    asked = [AnalyzeText(texts=("a", "b"), contexts=(("x",), ())), AnalyzeText(texts=("c",))]
    analyze(build_handlers(production, named)[AnalyzeText], asked)
    assert served.contexts == [("x",), (), ()]


def test_the_embedding_travels_as_float16(production: ServedModel, named: NamedModels, served: CountingReader) -> None:
    (answer,) = build_handlers(production, named)[TurnReceived]([turn(1, "hello")])
    assert isinstance(answer, TurnUnderstood)
    np.testing.assert_allclose(vector(answer.embedding, "<f2"), served.embed(["hello"])[0], atol=1e-3)


def test_texts_for_one_model_are_read_together_and_answered_apart(
    production: ServedModel, named: NamedModels, served: CountingReader
) -> None:
    requests = [
        AnalyzeText(texts=("one", "two words"), with_embeddings=True),
        AnalyzeText(texts=("three",), model="served"),
        AnalyzeText(texts=()),
    ]
    first, second, third = analyze(build_handlers(production, named)[AnalyzeText], requests)
    assert served.calls == [2, 1]
    expected = [reading.understanding for reading in FakeReader.read(served, ["one", "two words", "three"])]
    assert [*first.understandings, *second.understandings] == expected
    assert (first.tokens, second.tokens, third.tokens) == (3 + 4, 3, 0)
    assert third.understandings == ()
    np.testing.assert_allclose(vector(first.embeddings[1], "<f4"), served.embed(["two words"])[0])
    assert second.embeddings == ()


def test_a_named_model_answers_in_its_own_name(production: ServedModel, named: NamedModels) -> None:
    requests = [AnalyzeText(texts=("a",), model="other"), AnalyzeText(texts=("a",))]
    answers = analyze(build_handlers(production, named)[AnalyzeText], requests)
    assert [answer.understandings[0].model for answer in answers] == ["other", "served"]


def test_an_unknown_model_is_not_found(production: ServedModel, named: NamedModels) -> None:
    with pytest.raises(NotFound, match="nobody"):
        analyze(build_handlers(production, named)[AnalyzeText], [AnalyzeText(texts=("a",), model="nobody")])


def test_without_a_model_in_production_a_turn_fails_at_once(named: NamedModels) -> None:
    handlers = build_handlers(ServedModel(ModelSlot("nlu"), "nlu", lambda: None, load), named)
    with pytest.raises(NoModel):
        handlers[TurnReceived]([turn(1, "hello")])
    with pytest.raises(NoModel):
        handlers[AnalyzeText]([AnalyzeText(texts=("a",))])


def test_the_first_model_answers_before_its_news_has_come(named: NamedModels) -> None:
    handlers = build_handlers(ServedModel(ModelSlot("nlu"), "nlu", lambda: "other", load), named)
    (answer,) = handlers[TurnReceived]([turn(1, "hello")])
    assert isinstance(answer, TurnUnderstood)
    assert answer.understanding.model == "other"


def test_a_first_model_that_cannot_be_served_is_told_apart_from_none(named: NamedModels) -> None:
    handlers = build_handlers(ServedModel(ModelSlot("nlu"), "nlu", lambda: "burnt", load), named)
    with pytest.raises(NoModel, match="cannot be served: No model 'burnt'"):
        handlers[TurnReceived]([turn(1, "hello")])


def test_news_of_a_release_makes_production_follow_the_database_and_not_the_message(slot: ModelSlot) -> None:
    production = ServedModel(slot, "nlu", lambda: "other", load)
    handlers = build_release_handlers(production)
    assert handlers[BotPublished]([BotPublished(version=2)]) == [None]
    assert slot.model_id == "served"
    assert handlers[ModelPublished]([ModelPublished(slot="nlu", model_id="rumour")]) == [None]
    assert slot.model_id == "other"


def test_the_clauses_of_a_turn_are_read_in_the_same_call(
    production: ServedModel, named: NamedModels, served: CountingReader
) -> None:
    text = "Where is my order A-10432 and can I get an invoice?"
    first, second = build_handlers(production, named)[TurnReceived]([turn(1, "hello"), turn(2, text)])
    assert served.calls == [4]
    assert isinstance(first, TurnUnderstood)
    assert isinstance(second, TurnUnderstood)
    assert (first.understanding.parts, first.part_embeddings) == ((), ())
    parts = second.understanding.parts
    assert [text[part.start : part.end] for part in parts] == ["Where is my order A-10432", "can I get an invoice?"]
    expected = FakeReader.read(served, ["can I get an invoice?"])[0]
    assert parts[1].intent == expected.understanding.intent
    np.testing.assert_allclose(vector(second.part_embeddings[1], "<f2"), expected.embedding, atol=1e-3)


def test_a_follow_up_is_also_read_behind_the_message_before_it(
    production: ServedModel, named: NamedModels, served: CountingReader
) -> None:
    past = (PastTurn(user="How long does delivery to Spain take?", answer="3 to 5 days."),)
    asked = turn(1, "and to Japan?").model_copy(update={"history": past})
    (answer,) = build_handlers(production, named)[TurnReceived]([asked])
    assert isinstance(answer, TurnUnderstood)
    together = served.embed(["How long does delivery to Spain take? and to Japan?"])[0]
    np.testing.assert_allclose(vector(answer.follow_up_embedding, "<f2"), together, atol=1e-3)
