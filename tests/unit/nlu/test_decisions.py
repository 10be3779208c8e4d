"""Questions about a text, answered by the real MiniLM and by a classifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from services.nlu.decisions import TextVectors, decide
from services.training.exporting.base_models import publish
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.local import LocalStore
from shared.contracts.chat.decisions import DecisionOption, DecisionQuestion, QuestionKind
from shared.contracts.training.tasks import TaskName
from shared.inference.predictor import Prediction, Predictor
from shared.tasks.readers import open_predictor


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Predictor]:
    store = LocalStore(tmp_path_factory.mktemp("base"))
    publish("minilm", store)
    predictor = open_predictor(Bundle.open(store.fetch_folder(model_key("minilm"), tmp_path_factory.mktemp("cache"))))
    yield predictor
    predictor.close()


def ask(kind: QuestionKind, *options: Any, instructions: str = "Which?", name: str | None = None) -> DecisionQuestion:
    made = tuple(one if isinstance(one, DecisionOption) else DecisionOption(name=one) for one in options)
    return DecisionQuestion(kind=kind, instructions=instructions, name=name, options=made)


TOPICS = ask(
    "choice",
    DecisionOption(name="a", description="a delivery that is late or a parcel that is lost"),
    DecisionOption(name="b", description="a password that was forgotten"),
    DecisionOption(name="c", description="the weather of tomorrow"),
)


def test_descriptions_alone_tell_a_choice(minilm: Predictor) -> None:
    answers, tokens = decide(minilm, TextVectors(), "my package has not arrived", [TOPICS])
    assert sum(answers[0]) == pytest.approx(1.0)
    assert answers[0].index(max(answers[0])) == 0
    assert tokens > 10


def test_examples_move_an_answer(minilm: Predictor) -> None:
    options = [DecisionOption(name="x"), DecisionOption(name="y")]
    known = [
        DecisionOption(name="x", examples=("the train was late", "no bus came")),
        DecisionOption(name="y", examples=("the soup was cold", "the pizza tasted great")),
    ]
    text = "my noodles were salty"
    (blind, taught), _ = decide(minilm, TextVectors(), text, [ask("choice", *options), ask("choice", *known)])
    assert taught[1] > max(blind[1], 0.7)


def test_a_statement_is_likelier_of_what_it_speaks_of(minilm: Predictor) -> None:
    question = ask("predicate", "true", "false", instructions="The customer asks for a refund.")
    likely, _ = decide(minilm, TextVectors(), "please refund my money", [question])
    unlikely, _ = decide(minilm, TextVectors(), "the sun shines in Rome", [question])
    assert likely[0][0] > 0.6 > unlikely[0][0]
    assert sum(likely[0]) == pytest.approx(1.0)


def test_what_was_read_before_is_not_read_again(minilm: Predictor) -> None:
    vectors = TextVectors()
    first, many = decide(minilm, vectors, "my package has not arrived", [TOPICS] * 64)
    second, few = decide(minilm, vectors, "my package has not arrived", [TOPICS] * 64)
    assert first == second
    assert few < many


def test_a_blank_text_is_no_evidence(minilm: Predictor) -> None:
    assert decide(minilm, TextVectors(), "  ", [TOPICS]) == ([()], 0)


class Classifier:
    """Tells what it is told to."""

    model_id = "ft:x"
    task: TaskName = "text_classification"

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def predict(self, rows: Sequence[Any]) -> list[Prediction]:
        return [Prediction(self.answer, 3) for _ in rows]

    def close(self) -> None:
        pass


def test_a_classifier_chooses_among_its_labels_and_refuses_others() -> None:
    model = Classifier({"label": "a", "confidence": 0.6, "probabilities": {"a": 0.6, "b": 0.2, "c": 0.2}})
    questions = [ask("choice", "a", "b"), ask("choice", "a", "z"), ask("predicate", "true", "false", name="b")]
    questions += [ask("score", "c", "b", "a"), ask("predicate", "true", "false", instructions="Is it b?")]
    answers, _ = decide(model, TextVectors(), "text", questions)
    assert answers[0] == pytest.approx((0.75, 0.25))
    assert answers[1] == ()
    assert answers[2] == pytest.approx((0.2, 0.8))
    assert answers[3] == pytest.approx((0.2, 0.2, 0.6))
    assert answers[4] == (), "a statement that it was not trained for"


def test_a_classifier_of_several_labels_has_no_choice() -> None:
    model = Classifier({"labels": ["a"], "probabilities": {"a": 0.9, "b": 0.7}})
    questions = [ask("choice", "a", "b"), ask("predicate", "true", "false", name="b")]
    answers, _ = decide(model, TextVectors(), "text", questions)
    assert answers[0] == ()
    assert answers[1] == pytest.approx((0.7, 0.3))
