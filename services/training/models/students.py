"""Smaller encoders, made of a base model before anything is trained."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np

from services.training.models.base_models import Base
from services.training.models.encoder import layers_of, load_encoder
from shared.contracts.tunings import Full, Spec
from shared.errors import TrainingFailed


def student_of(base: Base, tuning: Spec, folder: Path) -> Base:
    """The base model with as many layers as the tuning asks for, in a new folder; the base itself where it asks for none.

    Raises:
        TrainingFailed: It has fewer.
    """
    if not isinstance(tuning, Full) or tuning.student_layers is None:
        return base
    encoder = load_encoder(base.folder)
    count: int = encoder.config.num_hidden_layers
    kept = evenly(count, tuning.student_layers)
    layers = layers_of(encoder, count)
    for place in reversed(range(count)):
        if place not in kept:
            del layers[place]
    encoder.config.num_hidden_layers = len(kept)
    shutil.copytree(base.folder, folder, ignore=shutil.ignore_patterns("model*.safetensors*", "config.json", "*.bin"))
    encoder.save_pretrained(folder)
    return dataclasses.replace(base, folder=folder)


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
