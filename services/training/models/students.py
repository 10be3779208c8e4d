"""Smaller encoders, made of a base model before anything is trained."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Set
from pathlib import Path

import numpy as np
from transformers import PreTrainedModel

from services.training.models.base_models import Base
from services.training.models.encoder import layers_of, load_encoder
from services.training.models.vocabularies import trim
from shared.contracts.tunings import Full, Spec
from shared.errors import TrainingFailed


def student_of(base: Base, tuning: Spec, folder: Path, used: Callable[[], Set[int]]) -> Base:
    """As much of the base model as the tuning asks for, in a new folder; the base itself where it asks for all.

    Args:
        base: What is cut.
        tuning: Says what is kept.
        folder: For the smaller one.
        used: The tokens of the training rows.

    Raises:
        TrainingFailed: It has fewer layers, or its vocabulary cannot be trimmed.
    """
    if not isinstance(tuning, Full) or not tuning.is_smaller:
        return base
    encoder = load_encoder(base.folder)
    shutil.copytree(base.folder, folder, ignore=shutil.ignore_patterns("model*.safetensors*", "config.json", "*.bin"))
    if tuning.student_layers is not None:
        _keep_layers(encoder, tuning.student_layers)
    if tuning.vocabulary is not None:
        trim(encoder, base.folder, folder, used(), tuning.vocabulary)
    encoder.save_pretrained(folder)
    return dataclasses.replace(base, folder=folder)


def _keep_layers(encoder: PreTrainedModel, wanted: int) -> None:
    count: int = encoder.config.num_hidden_layers
    kept = evenly(count, wanted)
    layers = layers_of(encoder, count)
    for place in reversed(range(count)):
        if place not in kept:
            del layers[place]
    encoder.config.num_hidden_layers = len(kept)


def evenly(count: int, wanted: int) -> list[int]:
    """The places of so many of ``count`` layers: the first, the last, and between them at like distances.

    Raises:
        TrainingFailed: There are no more than that.
    """
    if wanted >= count:
        raise TrainingFailed(
            f"The base model has {count} layers; a student has fewer. Lower tuning.student_layers, or leave it out.",
            param="tuning.student_layers",
        )
    return [round(place) for place in np.linspace(0, count - 1, wanted)]
