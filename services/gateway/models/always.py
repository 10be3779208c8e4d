"""What can be asked without any job: base models that are installed, and engines elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from services.gateway.models.schemas import ModelObject
from shared.artifacts.layout import BASE_MODELS


def always_there(engines: Iterable[str]) -> list[ModelObject]:
    """Base models, which embed texts and decide, and engines, which write."""
    base = [_model(name, "embedding", "parley") for name in BASE_MODELS]
    return base + [_model(name, "text_generation", name) for name in engines]


def _model(name: str, task: str, owner: str) -> ModelObject:
    return ModelObject(
        id=name,
        created=0,
        owned_by=owner,
        production=False,
        deployments=[],
        job_id=None,
        base_model=name,
        task=task,
        metrics={},
        gate=None,
        size_bytes=0,
    )
