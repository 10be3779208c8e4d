"""``/v1/alerts`` and what its event stream carries."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from services.gateway.http.bodies.schemas import Body, Reply, Resource
from shared.contracts.monitoring.alert_rules import Severity


class AlertObject(Resource):
    """Something on a stream that is not as usual.

    Attributes:
        rule: ``negative_share``, or the rule of the stream: ``share_of_negatives``, ``volume``, ``volume_negative``, ``volume_positive``,
            ``mean_shift``, ``drift``, ``silence``, ``fixed_share``.
        state: ``acknowledged`` while it fires and somebody looks after it.
        share: Share of negatives in the window, 0..1.
        volume: Texts in the window.
        threshold: The share at which it fires; of a rule that compares, what it expected.
        evidence: Ids of the texts that caused it, newest first: turn ids, or the ids of documents or of ``/v1/analyze``.
        entity: Whom it is about; empty: nobody in particular.
        topic: What it is about; empty: nothing in particular.
        incident: Shared by alerts that belong together; the id of the first.
        details: ``observed``, ``expected``, ``probability`` (by chance alone), ``level`` (below which it fires), ``window_minutes``, ``since``, ``until``, ``series`` by
            minute, ``documents`` and the ``terms`` that set them apart; empty for ``negative_share``.
    """

    object: Literal["alert"] = "alert"
    stream: str
    rule: str
    state: Literal["firing", "acknowledged", "resolved"]
    opened_at: float
    resolved_at: float | None
    share: float
    volume: int
    threshold: float
    evidence: list[str]
    entity: str
    topic: str
    severity: Severity
    incident: str
    acknowledged_at: float | None
    acknowledged_by: str | None
    snoozed_until: float | None
    escalated_at: float | None
    details: dict[str, Any]


class Snooze(Body):
    """How long an alert is not to be told again."""

    minutes: Annotated[int, Field(ge=1, le=10_080)]


class ChannelObject(Resource):
    """A place where people are told of alerts; secrets and what stands behind the host of a URL are never shown.

    Attributes:
        setting: As it was declared, without what is secret.
        secret: What a ``webhook`` is signed with, shown once when it was made here.
        problem: Why the last notice could not be delivered.
        delivered_at: When the channel last confirmed one.
    """

    object: Literal["alert_channel"] = "alert_channel"
    setting: dict[str, Any]
    created_at: float
    updated_at: float
    problem: str | None
    delivered_at: float | None
    secret: str | None = None


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
