"""``/v1/models``."""

from __future__ import annotations

from typing import Any, Literal

from services.gateway.http.schemas import Body, Reply, Resource


class ModelObject(Resource):
    """A model of ours, or the alias ``parley`` for the one in production.

    Attributes:
        production: Whether customers are served by it now.
        job_id: The job that made it.
        base_model: What it was fine-tuned from.
        task: What it does; also the slot that it is promoted to.
        metrics: How it did on its test rows.
        gate: How it compared with the model in production when it was made, and what came of its dialogues.
        size_bytes: Of its bundle.
    """

    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["parley"] = "parley"
    production: bool
    job_id: str | None
    base_model: str | None
    task: str
    metrics: dict[str, Any]
    gate: dict[str, Any] | None
    size_bytes: int


class ModelList(Reply):
    """Every model, newest first, after the alias; never paged."""

    object: Literal["list"] = "list"
    data: list[ModelObject]


class PromoteRequest(Body):
    """``force`` promotes what the gate has refused."""

    force: bool = False
