"""Smaller encoders, made of a base model before anything is trained."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import NamedTuple

import numpy as np
from transformers import PreTrainedModel

from services.training.models.base_models import Base
from services.training.models.encoder import layers_of, load_encoder
from services.training.models.pruned_heads import head_counts, keep_heads
from services.training.models.vocabularies import trim
from shared.contracts.training.tunings import Full, Spec
from shared.errors import TrainingFailed


class Student(NamedTuple):
    """What is trained.

    Attributes:
        base: The base model, or the part of it.
        heads: The places of the attention heads that each of its layers keeps; empty: all.
        importance: Of what all heads together mean for the rows, what these do, 0..1.
    """

    base: Base
    heads: Sequence[Sequence[int]] = ()
    importance: float = 1.0


class Measures(NamedTuple):
    """What the rows of a job say of a base model.

    Attributes:
        tokens: Those that the training rows use.
        heads: What each attention head in each layer means, of the encoder in a directory.
    """

    tokens: Callable[[], Set[int]]
    heads: Callable[[Path], list[list[float]]]


def student_of(base: Base, tuning: Spec, folder: Path, measures: Measures) -> Student:
    """As much of the base model as the tuning asks for, in a new folder; the base itself where it asks for all.

    Args:
        base: What is cut.
        tuning: Says what is kept.
        folder: For the smaller one.
        measures: Tell what is worth keeping.

    Raises:
        TrainingFailed: It has fewer layers or heads, heads that cannot be taken out, or a vocabulary that cannot be trimmed.
    """
    if not isinstance(tuning, Full) or not tuning.is_smaller:
        return Student(base)
    encoder, student = load_encoder(base.folder), Student(dataclasses.replace(base, folder=folder))
    shutil.copytree(base.folder, folder, ignore=shutil.ignore_patterns("model*.safetensors*", "config.json", "*.bin"))
    if tuning.student_layers is not None:
        _keep_layers(encoder, tuning.student_layers)
    if tuning.student_heads is not None:
        require_fewer(head_counts(encoder), tuning.student_heads)
        encoder.save_pretrained(folder)
        importance = measures.heads(folder)
        heads = most_important(importance, tuning.student_heads)
        keep_heads(encoder, heads)
        student = student._replace(heads=heads, importance=_share(importance, heads))
    if tuning.vocabulary is not None:
        trim(encoder, base.folder, folder, measures.tokens(), tuning.vocabulary)
    encoder.save_pretrained(folder)
    return student


def require_fewer(counts: Sequence[int], wanted: int) -> None:
    """Refuse a number of heads that is none.

    Raises:
        TrainingFailed: There are no more than that, or too few for the layers.
    """
    if not len(counts) <= wanted < sum(counts):
        raise TrainingFailed(
            f"The base model has {sum(counts)} attention heads in {len(counts)} layers; a student has fewer, and one in each layer at least. "
            "Change tuning.student_heads, or leave it out.",
            param="tuning.student_heads",
        )


def most_important(importance: Sequence[Sequence[float]], wanted: int) -> list[list[int]]:
    """The places of so many heads in each layer: of each layer its best one, and of the others those that mean most, whatever their layer."""
    kept = [[int(np.argmax(layer))] for layer in importance]
    others = [
        (-value, place, head)
        for place, layer in enumerate(importance)
        for head, value in enumerate(layer)
        if head not in kept[place]
    ]
    for _, place, head in sorted(others)[: max(0, wanted - len(kept))]:
        kept[place].append(head)
    return [sorted(heads) for heads in kept]


def _share(importance: Sequence[Sequence[float]], heads: Sequence[Sequence[int]]) -> float:
    whole = sum(map(sum, importance))
    return sum(layer[head] for layer, kept in zip(importance, heads, strict=True) for head in kept) / (whole or 1.0)


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
