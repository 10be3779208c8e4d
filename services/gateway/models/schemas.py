"""``/v1/models``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from services.gateway.http.bodies.schemas import Body, Name, Reply, Resource
from shared.contracts.training.few_shot import FewShotLabel, FewShotLabels
from shared.contracts.training.jobs import DeploymentName

#: Rows of one request.
MAX_ROWS = 256


class ModelObject(Resource):
    """A model of ours, or the alias of one in production: ``parley``, or ``parley/NAME`` of the deployment ``NAME``.

    Attributes:
        owned_by: ``parley``, or the engine that serves it.
        production: Whether it is in production now.
        deployments: Under which names; requests ask for ``parley/NAME``, and for ``parley`` where that is ``nlu``.
        job_id: The job that made it.
        base_model: What it was fine-tuned from.
        task: What it does.
        metrics: How it did on its test rows.
        gate: How it compared with the model in production when it was made, and what came of its dialogues and its eval; `words` say it in sentences.
        size_bytes: Of its bundle.
        labels: What it consists of, if it was never trained.
    """

    object: Literal["model"] = "model"
    created: int
    owned_by: str = "parley"
    production: bool
    deployments: list[str]
    job_id: str | None
    base_model: str | None
    task: str
    metrics: dict[str, Any]
    gate: dict[str, Any] | None
    size_bytes: int
    labels: list[FewShotLabel] | None = None


class ModelList(Reply):
    """Every model, newest first, after the alias; never paged."""

    object: Literal["list"] = "list"
    data: list[ModelObject]


class PromoteRequest(Body):
    """``force`` promotes what the gate has refused; ``deployment`` says where, instead of what the job said.

    ``bias_budget`` (0 to 1) refuses a model that answers some group surely otherwise by more than that; see ``BiasReport``.
    """

    force: bool = False
    deployment: DeploymentName | None = None
    bias_budget: Annotated[float, Field(ge=0, le=1)] | None = None


class BiasRequest(Body):
    """Rows to be swapped; ``{name}`` and ``{place}`` in one stand for its speaker's. Without rows, those of a service desk."""

    rows: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=1_000)]], Field(min_length=1, max_length=50)]
        | None
    ) = None


class BiasInterval(Reply):
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class BiasDifference(Reply):
    """How a group is answered beside the first one of its dimension.

    Attributes:
        rows: Pairs compared.
        intent_changed: Share of them whose intent or label is another.
        sentiment_shift: Mean difference of the sentiment score (-2 to 2).
        kind_changed: Share of them that the bot in service answers by another part of its policy; null without a bot, and of labels.
        surely: What is surely different: the largest lower bound.
    """

    dimension: str
    group: str
    rows: int
    intent_changed: BiasInterval
    sentiment_shift: BiasInterval | None
    kind_changed: BiasInterval | None
    surely: float


class BiasReport(Reply):
    """The same rows with names, gender, place and dialect swapped.

    Attributes:
        worst: The largest of what is surely different; what a ``bias_budget`` is compared with.
    """

    object: Literal["model.bias"] = "model.bias"
    model: str
    worst: float
    data: list[BiasDifference]


class RollbackRequest(Body):
    """``deployment`` says where, if the model serves several."""

    deployment: DeploymentName | None = None


class CreateFewShot(Body):
    """Labels with a description, up to 20 examples each, or both: told by how near a text is to them in the embeddings of a model."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    labels: FewShotLabels
    embedding_model: Name = "parley"
    """A model of task ``nlu`` or ``embedding``, or ``parley`` for the one that is in production now."""


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
