"""Decisions through the official client: what travels, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from services.gateway.decisions.deciding import prompt
from shared.contracts.chat.decisions import DecideText, DecisionOption, DecisionQuestion, TextDecided
from shared.contracts.chat.generation import (
    ChosenToken,
    GenerateText,
    TextGenerated,
    TextPiece,
    TokenLogprob,
    TokensProduced,
)
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.handlers import Emitter, Handlers, one_by_one
from shared.messaging.consuming.stream_consumer import StreamConsumer
from shared.messaging.topology import Queues
from tests.unit.gateway.platform import Platform, running_platform

QUESTIONS: Any = [
    {"type": "choice", "name": "topic", "instructions": "Which?", "choices": [{"value": "true"}, {"value": True}]},
    {"type": "predicate", "instructions": [{"type": "input_text", "text": "It is urgent."}]},
    {
        "type": "score",
        "instructions": "How angry?",
        "levels": [{"label": "calm"}, {"label": "cross"}, {"label": "furious"}],
    },
    {"type": "predicate", "name": "unknown", "instructions": "refuse"},
]


@pytest.fixture(scope="module")
def deciding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, list[DecideText]]]:
    asked: list[DecideText] = []

    def decide(message: DecideText) -> TextDecided:
        asked.append(message)
        even = tuple(
            () if question.instructions == "refuse" else tuple(1 / len(question.options) for _ in question.options)
            for question in message.questions
        )
        return TextDecided(model=message.model, probabilities=even, tokens=9)

    def write(request: GenerateText, emitter: Emitter) -> None:
        tops = (TokenLogprob(token=" B", logprob=-0.1), TokenLogprob(token="(A", logprob=-3.0))
        sure = "urgent" in request.messages[-1].content
        top = tops if sure else (TokenLogprob(token="Well", logprob=-0.01),)
        token = ChosenToken(token=top[0].token, logprob=top[0].logprob, top=top)
        emitter.send(TokensProduced(pieces=(TextPiece(text="B", logprobs=(token,)),)))
        emitter.finish(
            TextGenerated(model=request.model, finish_reasons=("length",), prompt_tokens=5, completion_tokens=1)
        )

    with ExitStack() as stack:
        platform = stack.enter_context(running_platform(tmp_path_factory.mktemp("decisions"), services=False))
        publisher = stack.enter_context(platform.bus.publisher())
        handlers: Handlers = {DecideText: one_by_one(decide)}
        stack.enter_context(Consumer(platform.bus, Queues.NLU, handlers, publisher=publisher))
        writers = StreamConsumer(platform.bus, Queues.LANGUAGE_MODELS, {GenerateText: write}, publisher=publisher)
        stack.enter_context(writers)
        yield platform, asked


@pytest.fixture
def client(deciding: tuple[Platform, list[DecideText]]) -> Iterator[OpenAI]:
    with deciding[0].client() as client:
        yield client


def test_every_kind_of_answer(client: OpenAI, deciding: tuple[Platform, list[DecideText]]) -> None:
    said: Any = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes?"}]
    decision = client.decisions.create(model="minilm", input=said, questions=QUESTIONS)
    assert deciding[1][-1].text == "user: hi\nassistant: yes?"
    topic, urgent, angry, refused = decision.answers
    assert topic.type == "choice"
    assert [(type(one.value), one.probability) for one in topic.probabilities] == [(str, 0.5), (bool, 0.5)]
    assert urgent.type == "predicate"
    assert urgent.probability == 0.5
    assert angry.type == "score"
    assert (angry.score, [one.value for one in angry.probabilities]) == (1.0, [0, 1, 2])
    assert (refused.type, refused.name) == ("refusal", "unknown")
    assert (decision.model, decision.usage.total_tokens) == ("minilm", 9)


def test_many_questions_travel_in_few_messages(client: OpenAI, deciding: tuple[Platform, list[DecideText]]) -> None:
    before = len(deciding[1])
    decision = client.decisions.create(model="minilm", input="text", questions=QUESTIONS * 100)
    assert len(decision.answers) == 400
    assert len(deciding[1]) == before + 1


def test_a_language_model_decides_by_the_likelihood_of_letters(
    client: OpenAI, deciding: tuple[Platform, list[DecideText]]
) -> None:
    model = deciding[0].add_model(task="text_generation")
    decision = client.decisions.create(model=model, input="help!", questions=QUESTIONS[1:3])
    urgent, angry = decision.answers
    assert urgent.type == "predicate"
    assert urgent.probability == pytest.approx(0.0522, abs=0.001)
    assert angry.type == "refusal", "it was about to say something else"
    assert (decision.usage.input_tokens, decision.usage.output_tokens) == (10, 2)


def test_the_prompt_names_every_answer() -> None:
    options = (DecisionOption(name="a", description="first", examples=("one",)), DecisionOption(name="b"))
    asked = prompt("a text", DecisionQuestion(kind="choice", instructions="Which?", options=options))
    assert asked.splitlines()[-4:] == ["Example of A: one", "A) a: first", "B) b", "Answer:"]


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"questions": []}, "questions"),
        ({"questions": QUESTIONS * 101}, "questions"),
        ({"questions": [{"type": "choice", "instructions": "?", "choices": [{"value": "a"}]}]}, "questions[0].choices"),
        (
            {"questions": [{"type": "choice", "instructions": "?", "choices": [{"value": "a"}, {"value": "a"}]}]},
            "questions[0]",
        ),
        ({"questions": [{"type": "guess", "instructions": "?"}]}, "questions[0]"),
        ({"questions": [QUESTIONS[1] | {"examples": [{"text": "x", "value": "true"}]}]}, "questions[0]"),
        ({"input": ""}, "input"),
    ],
)
def test_what_is_wrong_is_named(deciding: tuple[Platform, list[DecideText]], wrong: dict[str, Any], param: str) -> None:
    with deciding[0].http() as http:
        reply: httpx.Response = http.post(
            "/v1/decisions", json={"model": "minilm", "input": "x", "questions": QUESTIONS} | wrong
        )
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param


def test_a_model_that_decides_nothing_says_so(client: OpenAI, deciding: tuple[Platform, list[DecideText]]) -> None:
    model = deciding[0].add_model(task="ranking")
    with pytest.raises(BadRequestError, match="decides nothing"):
        client.decisions.create(model=model, input="x", questions=QUESTIONS)
    with pytest.raises(NotFoundError):
        client.decisions.create(model="ft:nobody", input="x", questions=QUESTIONS)


def test_base_models_and_engines_are_listed(client: OpenAI) -> None:
    assert "minilm" in [model.id for model in client.models.list()]
    assert client.models.retrieve("minilm").owned_by == "parley"
