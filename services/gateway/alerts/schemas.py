"""``/v1/alerts`` and what its event stream carries."""

from __future__ import annotations

from typing import Literal

from services.gateway.http.schemas import Reply, Resource


class AlertObject(Resource):
    """A surge of negative texts.

    Attributes:
        share: Share of negatives in the window, 0..1.
        volume: Texts in the window.
        threshold: The share at which it fires.
        evidence: Ids of the texts that caused it, newest first: turn ids, or the ids given to ``/v1/analyze``.
    """

    object: Literal["alert"] = "alert"
    stream: str
    rule: str
    state: Literal["firing", "resolved"]
    opened_at: float
    resolved_at: float | None
    share: float
    volume: int
    threshold: float
    evidence: list[str]


class AlertEvent(Resource):
    """An alert on the event stream: one that fires when the stream is opened, or one that has just changed.

    Attributes:
        at: When it took this state, in Unix seconds.
    """

    object: Literal["alert"] = "alert"
    stream: str
    state: Literal["firing", "resolved"]
    share: float
    volume: int
    evidence: list[str]
    at: float


class JobProgress(Reply):
    """A job took a step; sent on the event stream."""

    object: Literal["fine_tuning.job.progress"] = "fine_tuning.job.progress"
    job_id: str
    status: str
    step: int
    total_steps: int
