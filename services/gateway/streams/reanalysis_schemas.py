"""``/v1/streams/{stream}/reanalyses``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.http.bodies.schemas import Body, Reply, Resource
from shared.contracts.chat.understanding import SentimentLabel
from shared.contracts.monitoring.streams import ModelName

ReanalysisStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Moment = Annotated[float, Field(ge=0, le=1e11)]


class ReanalysisRequest(Body):
    """Read a span again.

    Attributes:
        model: As in the declaration of a stream: an id, ``parley``, or ``parley/NAME``.
        entity_model: Tells the sentiment towards entities; without it the text around each mention is read by ``model``.
        since: Unix seconds.
        until: Unix seconds, exclusive; now if left out.
    """

    model: ModelName
    entity_model: ModelName | None = None
    since: Moment
    until: Moment | None = None


class ReanalysisObject(Resource):
    """A re-analysis.

    Attributes:
        documents: Read so far.
        problem: Why it failed.
    """

    object: Literal["stream.reanalysis"] = "stream.reanalysis"
    stream: str
    created_at: int
    model: str
    entity_model: str | None
    since: float
    until: float
    status: ReanalysisStatus
    documents: int
    finished_at: int | None
    problem: str | None


class ReanalysisStep(Reply):
    """A step of time, read twice.

    Attributes:
        earlier_mean: Of the first sentiments' labels (-1, 0, 1).
        mean: Of the new labels; ``score`` of the new scores.
        changed: Documents whose sentiment is another.
    """

    start: int
    documents: int
    earlier_negative: int
    negative: int
    earlier_positive: int
    positive: int
    earlier_mean: float
    mean: float
    score: float
    changed: int


class ReanalysisTrends(Reply):
    """Both readings over time."""

    object: Literal["stream.reanalysis.trends"] = "stream.reanalysis.trends"
    reanalysis: str
    step: int
    data: list[ReanalysisStep]


class RereadEntity(Reply):
    """The sentiment towards somebody, read anew."""

    entity: str
    sentiment: SentimentLabel | None
    score: float


class RereadDocument(Resource):
    """What a re-analysis read of a document, beside what was read first."""

    object: Literal["stream.rereading"] = "stream.rereading"
    published_at: float
    earlier: SentimentLabel | None
    sentiment: SentimentLabel | None
    score: float
    confidence: float
    entities: list[RereadEntity]
