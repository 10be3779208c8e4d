"""``/v1/models``: what can be asked, and what is in production."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.gateway.analysis.client import ALIAS
from services.gateway.http.auth import ChatCaller, TrainCaller
from services.gateway.http.router import resource
from services.gateway.http.schemas import Deleted, EmptyRequest
from services.gateway.models.schemas import ModelList, ModelObject, PromoteRequest
from services.gateway.state import AppState, State
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import encoder_key, model_key
from shared.contracts.releases import ModelPublished
from shared.errors import InvalidInput, NotFound
from shared.storage import models
from shared.storage.tables import Model

router = resource("Models")

#: The slot that the alias stands for.
SLOT = "nlu"


@router.get("/models")
def list_models(state: State, _caller: ChatCaller) -> ModelList:
    """Every model; `parley` stands for the one in production."""
    with state.database.reading() as session:
        stored = models.all(session)
        production = models.production(session, SLOT)
    alias = [_alias(model) for model in stored if model.id == production]
    return ModelList(data=alias + [_model(model, production) for model in stored])


# A model id may hold slashes, so these two come before the routes that take all the rest of the path for an id.
@router.post("/models/{model_id:path}/promote")
def promote(model_id: str, state: State, caller: TrainCaller, body: PromoteRequest | None = None) -> ModelObject:
    """Put a model into production. One that the gate refused needs `force`; one whose files are damaged stays out."""
    _check_files(state, model_id)
    with state.database.transaction() as session:
        model = models.get(session, model_id)
        _check_gate(model, force=body is not None and body.force)
        models.promote(session, model.task, model_id, caller.key_id, state.clock())
    state.releases.publish(ModelPublished(slot=model.task, model_id=model_id))
    return _model(model, model_id)


@router.post("/models/{model_id:path}/rollback")
def rollback(model_id: str, state: State, caller: TrainCaller, _body: EmptyRequest | None = None) -> ModelObject:
    """Take this model out of production; its predecessor comes back and is returned."""
    with state.database.transaction() as session:
        slot = models.get(session, model_id).task
        promotion = models.rollback(session, slot, caller.key_id, state.clock())
        if promotion.previous_model_id != model_id:
            raise InvalidInput(f"{model_id} is not in production: there is nothing to roll back.", param="model")
        predecessor = models.get(session, promotion.model_id)
    state.releases.publish(ModelPublished(slot=slot, model_id=predecessor.id))
    return _model(predecessor, predecessor.id)


@router.get("/models/{model_id:path}")
def retrieve(model_id: str, state: State, _caller: ChatCaller) -> ModelObject:
    """One model, or the alias `parley`."""
    with state.database.reading() as session:
        production = models.production(session, SLOT)
        if model_id == ALIAS:
            if production is None:
                raise NotFound("No model is in production yet.", param="model", code="model_not_found")
            return _alias(models.get(session, production))
        model = models.get(session, model_id)
        return _model(model, models.production(session, model.task))


@router.delete("/models/{model_id:path}")
def delete(model_id: str, state: State, _caller: TrainCaller) -> Deleted:
    """Delete a model and its bundle. The one in production stays."""
    with state.database.transaction() as session:
        models.delete(session, model_id, state.clock())
    state.store.delete(model_key(model_id))
    state.store.delete(encoder_key(model_id))  # kept by training, for jobs that go on from the model
    return Deleted(id=model_id, object="model")


def _check_files(state: AppState, model_id: str) -> None:
    """Inference would refuse a damaged bundle as well, but only the log would tell."""
    with state.database.reading() as session:
        models.get(session, model_id)
    with TemporaryDirectory() as cache:  # only filled if the store is remote
        Bundle.open(state.store.fetch_folder(model_key(model_id), Path(cache)))


def _check_gate(model: Model, *, force: bool) -> None:
    if force or model.gate is None or model.gate["passed"]:
        return
    raise InvalidInput(
        f"The gate refused {model.id}: {'; '.join(_reasons(model.gate))}. Send 'force': true to promote it nevertheless.",
        param="force",
        code="gate_refused",
    )


def _reasons(gate: Mapping[str, Any]) -> Iterator[str]:
    """Why it refused a model. What an older release stored knows no dialogues."""
    if gate["violations"]:
        worse = [
            f"{violation['head']} {violation['label']}: {violation['candidate']:.3f} against {violation['production']:.3f}"
            for violation in gate["violations"]
        ]
        yield f"it does worse than {gate['production']}: {', '.join(worse)}"
    dialogues = gate.get("dialogues")
    if dialogues is not None and not dialogues["passed"]:
        yield (
            f"{dialogues['turns_right']} of {dialogues['turns']} turns of its dialogues are right, "
            f"{dialogues['required']:.1%} must be"
        )


def _model(model: Model, production: str | None) -> ModelObject:
    return ModelObject(
        id=model.id,
        created=int(model.created_at),
        production=model.id == production,
        job_id=model.job_id,
        base_model=model.base_model,
        task=model.task,
        metrics=model.metrics,
        gate=model.gate,
        size_bytes=model.size_bytes,
    )


def _alias(model: Model) -> ModelObject:
    return _model(model, model.id).model_copy(update={"id": ALIAS})
