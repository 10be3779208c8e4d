"""``/v1/models``: what can be asked, and what is in production."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import cast

from anyio import from_thread
from fastapi import Response
from fastapi.concurrency import run_in_threadpool

from services.gateway.http.access.auth import ChatCaller, TrainCaller
from services.gateway.http.bodies.schemas import Deleted
from services.gateway.http.router import resource
from services.gateway.models.always import always_there
from services.gateway.models.bias import bias_of
from services.gateway.models.few_shot import add_few_shot, rows_of
from services.gateway.models.gate import words_of
from services.gateway.models.promoting import promoted
from services.gateway.models.schemas import (
    BiasDifference,
    BiasReport,
    BiasRequest,
    CreateFewShot,
    ModelList,
    ModelObject,
    PredictionList,
    PredictRequest,
    PromoteRequest,
    RollbackRequest,
    TokensRead,
)
from services.gateway.state import AppState, State
from shared.artifacts.layout import BASE_MODELS, encoder_key, model_key
from shared.bias.swaps import ROWS
from shared.bot.bot import Bot
from shared.bot.bot_file import read_bot
from shared.contracts.releases import ModelPublished
from shared.contracts.training.tasks import TaskName
from shared.errors import InvalidInput
from shared.storage.chat import bots
from shared.storage.tables.core import Model
from shared.storage.training import models
from shared.storage.training.model_names import CHATS, alias_of, model_named
from shared.tasks.records import inputs_of

router = resource("Models")


@router.get("/models")
def list_models(state: State, _caller: ChatCaller) -> ModelList:
    """Every model; `parley` stands for the one in production that reads chats, `parley/NAME` for that of another deployment."""
    with state.database.reading() as session:
        stored = models.all(session)
        serving = models.deployments(session)
    by_id = {model.id: model for model in stored}
    aliases = [
        _model(by_id[model_id], serving, name=alias_of(deployment))
        for deployment, model_id in sorted(serving.items(), key=lambda pair: (pair[0] != CHATS, pair[0]))
        if model_id in by_id
    ]
    ours = aliases + [_model(model, serving) for model in stored]
    return ModelList(data=[*ours, *always_there(state.settings.engines)])


@router.post("/models")
def create(body: CreateFewShot, state: State, _caller: TrainCaller) -> ModelObject:
    """Make a model of a few examples, without training. It answers at `/v1/models/{id}/predict` at once, and can be promoted to a deployment."""
    with state.database.transaction() as session:
        model = add_few_shot(session, body, state.clock())
        return _model(model, {})


# A model id may hold slashes, so these come before the routes that take all the rest of the path for an id.
@router.post("/models/{model_id:path}/promote")
def promote(model_id: str, state: State, caller: TrainCaller, body: PromoteRequest | None = None) -> ModelObject:
    """Put a model into production. One that the gate refused needs `force`; one whose files are damaged stays out."""
    if body is not None and body.bias_budget is not None:
        _check_bias(from_thread.run(_biased, state, model_id, ROWS), body.bias_budget)
    asked = body or PromoteRequest()
    model, serving = promoted(state, model_id, caller.key_id, deployment=asked.deployment, force=asked.force)
    return _model(model, serving)


@router.post("/models/{model_id:path}/bias")
async def bias(model_id: str, state: State, _caller: TrainCaller, body: BiasRequest | None = None) -> BiasReport:
    """Whether a model answers the same rows otherwise when names, gender, place or dialect of who says them change."""
    return await _biased(state, model_id, tuple(body.rows) if body and body.rows else ROWS)


async def _biased(state: AppState, model_id: str, said: Sequence[str]) -> BiasReport:
    model = await run_in_threadpool(_named, state, model_id)
    bot = await run_in_threadpool(_bot_in_service, state)
    today = datetime.fromtimestamp(state.clock(), UTC).date()
    found = await bias_of(model, said, state.texts, state.predictions, bot=bot, today=today)
    shown = [BiasDifference.model_validate({**asdict(one), "surely": one.surely}) for one in found]
    return BiasReport(model=model.id, worst=max((one.surely for one in found), default=0.0), data=shown)


def _bot_in_service(state: AppState) -> Bot | None:
    with state.database.reading() as session:
        active = bots.active(session)
    return read_bot(active.source) if active is not None else None


def _check_bias(report: BiasReport, budget: float) -> None:
    worst = max(report.data, key=lambda one: one.surely, default=None)
    if worst is not None and worst.surely > budget:
        raise InvalidInput(
            f"{report.model} answers {worst.dimension} {worst.group!r} surely otherwise by {worst.surely:.3f}, above the budget of {budget:g}; "
            "POST …/bias tells all of it.",
            param="bias_budget",
            code="bias_over_budget",
        )


@router.post("/models/{model_id:path}/rollback")
def rollback(model_id: str, state: State, caller: TrainCaller, body: RollbackRequest | None = None) -> ModelObject:
    """Take this model out of production; its predecessor comes back and is returned."""
    with state.database.transaction() as session:
        models.get(session, model_id)
        slot = _slot_to_leave(model_id, models.deployments(session), body.deployment if body else None)
        promotion = models.rollback(session, slot, caller.key_id, state.clock())
        predecessor = models.get(session, promotion.model_id)
        serving = models.deployments(session)
    state.releases.publish(ModelPublished(slot=slot, model_id=predecessor.id))
    return _model(predecessor, serving)


@router.post("/models/{model_id:path}/predict")
async def predict(model_id: str, body: PredictRequest, state: State, _caller: ChatCaller) -> PredictionList:
    """What a model, or that of a deployment (`parley/NAME`), says of rows without labels."""
    model = await run_in_threadpool(_named, state, model_id)
    inputs_of(cast("TaskName", model.task), body.input)  # told now, with the place in this very request
    predicted = await state.predictions.ask(model.id, body.input)
    usage = TokensRead(prompt_tokens=predicted.tokens, total_tokens=predicted.tokens)
    return PredictionList(model=model.id, task=model.task, data=predicted.answers, usage=usage)


@router.get(
    "/models/{model_id:path}/rows",
    response_class=Response,
    responses={200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}}},
)
def rows(model_id: str, state: State, _caller: TrainCaller) -> Response:
    """The examples of a model of a few, as the training file that a job can begin with."""
    model = _named(state, model_id)
    if model.few_shot is None:
        raise InvalidInput(f"{model.id} was trained; its rows are in the files of its job.", param="model")
    return Response(b"".join(rows_of(model.few_shot)), media_type="application/jsonl")


@router.get("/models/{model_id:path}")
def retrieve(model_id: str, state: State, _caller: ChatCaller) -> ModelObject:
    """One model, or what serves a deployment: `parley`, `parley/NAME`."""
    for found in always_there(state.settings.engines):
        if found.id == model_id:
            return found
    with state.database.reading() as session:
        model = models.get(session, model_named(session, model_id))
        return _model(model, models.deployments(session), name=model_id)


@router.delete("/models/{model_id:path}")
def delete(model_id: str, state: State, _caller: TrainCaller) -> Deleted:
    """Delete a model and its bundle. The one in production stays."""
    with state.database.transaction() as session:
        models.delete(session, model_id, state.clock())
    state.store.delete(model_key(model_id))
    state.store.delete(encoder_key(model_id))  # kept by training, for jobs that go on from the model
    return Deleted(id=model_id, object="model")


def _named(state: AppState, name: str) -> Model:
    if name in BASE_MODELS:
        return Model(id=name, task="embedding", base_model=name, created_at=0.0, size_bytes=0)
    with state.database.reading() as session:
        return models.get(session, model_named(session, name))


def _slot_to_leave(model_id: str, serving: Mapping[str, str], asked: str | None) -> str:
    """The deployment that a model is to be taken out of."""
    theirs = [slot for slot, model in serving.items() if model == model_id and asked in (None, slot)]
    if not theirs:
        where = f" as {asked!r}" if asked else ""
        raise InvalidInput(f"{model_id} is not in production{where}: there is nothing to roll back.", param="model")
    if len(theirs) > 1:
        raise InvalidInput(f"{model_id} serves {', '.join(theirs)}; name one of them.", param="deployment")
    return theirs[0]


def _model(model: Model, serving: Mapping[str, str], name: str | None = None) -> ModelObject:
    deployments = [slot for slot, model_id in serving.items() if model_id == model.id]
    return ModelObject(
        id=name or model.id,
        created=int(model.created_at),
        production=bool(deployments),
        deployments=deployments,
        job_id=model.job_id,
        base_model=model.base_model,
        task=model.task,
        metrics=model.metrics,
        gate=None if model.gate is None else {**model.gate, "words": list(words_of(model.gate))},
        size_bytes=model.size_bytes,
        labels=list(model.few_shot.labels) if model.few_shot else None,
    )
