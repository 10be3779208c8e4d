"""``/v1/models``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from services.gateway.http.schemas import Body, Reply, Resource
from shared.contracts.jobs import DeploymentName

#: Rows of one request.
MAX_ROWS = 256


class ModelObject(Resource):
    """A model of ours, or the alias of one in production: ``parley``, or ``parley/NAME`` of the deployment ``NAME``.

    Attributes:
        production: Whether it is in production now.
        deployments: Under which names; requests ask for ``parley/NAME``, and for ``parley`` where that is ``nlu``.
        job_id: The job that made it.
        base_model: What it was fine-tuned from.
        task: What it does.
        metrics: How it did on its test rows.
        gate: How it compared with the model in production when it was made, and what came of its dialogues.
        size_bytes: Of its bundle.
    """

    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["parley"] = "parley"
    production: bool
    deployments: list[str]
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
    """``force`` promotes what the gate has refused; ``deployment`` says where, instead of what the job said."""

    force: bool = False
    deployment: DeploymentName | None = None


class RollbackRequest(Body):
    """``deployment`` says where, if the model serves several."""

    deployment: DeploymentName | None = None


class PredictRequest(Body):
    """Rows without labels, as the records of the model's task have them."""

    input: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_ROWS)]


class TokensRead(Reply):
    """Tokens that the model read, special tokens included."""

    prompt_tokens: int
    total_tokens: int


class PredictionList(Reply):
    """What a model says of rows, one answer each, in the order asked; the fields of an answer are those of its task."""

    object: Literal["list"] = "list"
    model: str
    task: str
    data: list[dict[str, Any]]
    usage: TokensRead
