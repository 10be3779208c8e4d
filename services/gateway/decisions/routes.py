"""``POST /v1/decisions``."""

from __future__ import annotations

from fastapi import Response
from fastapi.concurrency import run_in_threadpool

from services.gateway.decisions.schemas import (
    Choice,
    ChoiceAnswer,
    ChoiceProbability,
    Decision,
    DecisionRequest,
    LevelProbability,
    Predicate,
    PredicateAnswer,
    Refusal,
    Score,
    ScoreAnswer,
)
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.bodies import no_effect
from services.gateway.http.router import resource
from services.gateway.responses.schemas import ResponseUsage
from services.gateway.state import AppState, State
from shared.artifacts.layout import BASE_MODELS
from shared.contracts.training.tasks import WRITERS
from shared.errors import InvalidInput
from shared.storage.training import models
from shared.storage.training.model_names import model_named

router = resource("Decisions")

#: Tasks whose models decide by reading.
_READERS = ("nlu", "text_classification", "embedding")


@router.post("/decisions", response_model=Decision)
async def create(body: DecisionRequest, state: State, _caller: ChatCaller) -> Decision | Response:
    """Answer up to 400 questions about one text, or what was said in a conversation, with probabilities.

    A classifier chooses among its labels; `minilm`, other models that embed and the model in production judge by descriptions
    and examples; language models by the likelihood of each answer. What a model has no evidence for is a refusal.
    """
    model, writes = await run_in_threadpool(_named, state, body.model)
    questions = [question.asked() for question in body.questions]
    if writes:
        decided = await state.decisions.by_writer(model, body.text, questions)
    else:
        decided = await state.decisions.by_reader(model, body.text, questions)
    answers = [
        _answer(question, list(told)) for question, told in zip(body.questions, decided.probabilities, strict=True)
    ]
    usage = ResponseUsage(
        input_tokens=decided.read, output_tokens=decided.written, total_tokens=decided.read + decided.written
    )
    reply = Decision(answers=answers, model=model, usage=usage)
    names = no_effect.ignored(body, ("prompt_cache_key", "prompt_cache_options", "safety_identifier"))
    if not names:
        return reply
    return Response(reply.model_dump_json(), media_type="application/json", headers=no_effect.headers(names))


def _named(state: AppState, name: str) -> tuple[str, bool]:
    """The model of that name, and whether it writes."""
    if name in BASE_MODELS:
        return name, False
    if name.partition("/")[0] in state.settings.engines:
        return name, True
    with state.database.reading() as session:
        model = models.get(session, model_named(session, name))
    if model.task not in (*_READERS, *WRITERS):
        raise InvalidInput(f"{model.id} is a model of {model.task}, which decides nothing.", param="model")
    return model.id, model.task in WRITERS


def _answer(
    question: Predicate | Choice | Score, told: list[float]
) -> PredicateAnswer | ChoiceAnswer | ScoreAnswer | Refusal:
    if not told:
        return Refusal(name=question.name)
    best = max(range(len(told)), key=told.__getitem__)
    if isinstance(question, Predicate):
        return PredicateAnswer(name=question.name, probability=told[0])
    if isinstance(question, Choice):
        return ChoiceAnswer(
            name=question.name,
            choice=question.choices[best].value,
            confidence=told[best],
            probabilities=[
                ChoiceProbability(value=one.value, probability=likely)
                for one, likely in zip(question.choices, told, strict=True)
            ],
        )
    return ScoreAnswer(
        name=question.name,
        score=sum(place * likely for place, likely in enumerate(told)),
        confidence=told[best],
        probabilities=[
            LevelProbability(label=one.label, value=place, probability=likely)
            for place, (one, likely) in enumerate(zip(question.levels, told, strict=True))
        ],
    )
