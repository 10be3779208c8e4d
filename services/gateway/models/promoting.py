"""Putting a model into production."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from services.gateway.models.gate import check_gate
from services.gateway.state import AppState
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.contracts.releases import ModelPublished
from shared.storage.tables.core import Model
from shared.storage.training import models


def promoted(
    state: AppState, model_id: str, actor: str, *, deployment: str | None = None, force: bool = False
) -> tuple[Model, Mapping[str, str]]:
    """Promote a model, tell inference, and return it with what serves where.

    Raises:
        NotFound: There is no such model.
        InvalidInput: The gate refused it, or it does not fit the deployment.
        BrokenArtifact: Its files are damaged.
    """
    _check_files(state, model_id)
    with state.database.transaction() as session:
        model = models.get(session, model_id)
        check_gate(model, force=force)
        slot = deployment or model.slot
        models.promote(session, slot, model_id, actor, state.clock())
        serving = models.deployments(session)
    state.releases.publish(ModelPublished(slot=slot, model_id=model_id))
    return model, serving


def _check_files(state: AppState, model_id: str) -> None:
    """Inference would refuse a damaged bundle as well, but only the log would tell."""
    with state.database.reading() as session:
        few_shot = models.get(session, model_id).few_shot
    if few_shot is not None:  # it stands on the files of another
        return _check_files(state, few_shot.embedder)
    with TemporaryDirectory() as cache:  # only filled if the store is remote
        Bundle.open(state.store.fetch_folder(model_key(model_id), Path(cache)))
    return None
