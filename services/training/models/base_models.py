"""What a job starts from: an encoder, or one of our own models (a warm start)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from services.training.jobs.lease import JobLease
from services.training.tasks.nlu.model import base_path
from shared.artifacts.layout import OUR_MODELS, encoder_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.jobs import JobSpec
from shared.errors import NotFound, TrainingFailed
from shared.storage import models

_UNFIT_FOR_AN_ID = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Base:
    """An encoder on the disk, ready to be loaded.

    Attributes:
        name: The encoder that everything began with, as a user names it.
        folder: Its ``config.json``, ``model.safetensors`` and ``tokenizer.json``.
        parent: The model of ours that is trained on, or ``None``.
    """

    name: str
    folder: Path
    parent: str | None


def find_base(model: str, lease: JobLease, store: ArtifactStore, cache: Path, opened: Path) -> Base:
    """Find what ``JobSpec.model`` names.

    Args:
        model: See ``JobSpec``.
        lease: Of the job.
        store: Where our own encoders are.
        cache: A local folder for what comes out of it.
        opened: The folder of base models.

    Raises:
        TrainingFailed: There is no such model, or it cannot be had.
    """
    if not model.startswith(OUR_MODELS):
        return Base(model, base_path(model, opened), None)
    try:
        row = lease.read(lambda session: models.get(session, model))
        return Base(row.base_model, store.fetch_folder(encoder_key(model), cache), model)
    except NotFound:
        raise TrainingFailed(f"There is no model {model} to go on from.", param="model") from None


def model_id(spec: JobSpec, base: Base, job_id: str) -> str:
    """The id of the model that a job makes: ``ft:{base}:parley:{suffix}:{random part of the job's id}``.

    Hub ids and directories give their last part, since an id must fit into a URL and into an artifact key.
    """
    name = _UNFIT_FOR_AN_ID.sub("-", Path(base.name).name) or "base"
    return f"{OUR_MODELS}{name}:parley:{spec.suffix or ''}:{job_id.removeprefix('ftjob-')}"
