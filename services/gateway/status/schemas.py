"""``/v1/status``."""

from __future__ import annotations

from typing import Any, Literal

from services.gateway.http.bodies.schemas import Reply

Verdict = Literal["ok", "degraded", "down"]


class ServiceStatus(Reply):
    """A service.

    Attributes:
        state: ``idle``: none runs, and nothing waits for one.
        processes: That are there.
        versions: Of Parley, among them.
    """

    name: str
    state: Literal["ok", "degraded", "down", "idle"]
    processes: int
    versions: list[str]
    problems: list[str]


class BrokerStatus(Reply):
    """The message broker."""

    state: Literal["ok", "down"]
    problem: str | None


class QueueStatus(Reply):
    """A queue that processes share.

    Attributes:
        waiting: Messages that nobody has taken yet.
        limit: Messages that may wait; then callers are refused, or the oldest go.
    """

    name: str
    waiting: int
    consumers: int
    limit: int


class DatabaseStatus(Reply):
    """The database; ``milliseconds``: for one question."""

    state: Literal["ok", "down"]
    kind: Literal["postgresql", "sqlite"]
    milliseconds: float | None


class JobsStatus(Reply):
    """Training jobs under way."""

    queued: int
    running: int


class DeploymentStatus(Reply):
    """What is in production.

    Attributes:
        since: When it was promoted.
        served_by: Processes that serve it, of the deployment that reads chats; ``null`` for one that is loaded when it is asked.
        drift: Of what it was asked in the last hour, against the rows that it was judged by: ``texts``, ``distance`` of the centroids of
            the embeddings, ``out_of_scope`` above the training's share, stability index of the ``confidence``; or the ``problem`` why nothing is known.
    """

    name: str
    model: str
    since: int | None
    served_by: int | None
    drift: dict[str, Any] | None = None


class StreamStatus(Reply):
    """A declared stream.

    Attributes:
        newest: When its newest document was published.
        failing_sources: How many of its sources cannot be fetched.
    """

    name: str
    newest: int | None
    failing_sources: int


class IngestStatus(Reply):
    """Documents on their way.

    Attributes:
        waiting: Messages, each of up to 32 documents.
        lag_seconds: From the acceptance of the documents that were counted last to their count.
        counted_at: When that was.
    """

    waiting: int | None
    lag_seconds: float | None
    counted_at: float | None
    streams: list[StreamStatus]


class AlertStatus(Reply):
    """An alert that fires, or one of the last."""

    id: str
    stream: str
    rule: str
    entity: str
    topic: str
    severity: str
    state: str
    opened_at: int
    resolved_at: int | None


class TroubleStatus(Reply):
    """Something that went wrong, and for how long; ``until``: ``null`` while it goes on.

    Attributes:
        count: How often, or of how many documents.
    """

    kind: str
    subject: str
    since: int
    until: int | None
    count: int
    detail: str


class ProcessStatus(Reply):
    """A process, as it spoke of itself last."""

    id: str
    service: str
    version: str
    started_at: int
    seen_at: int
    is_there: bool
    problems: dict[str, str]
    facts: dict[str, Any]


class ChannelStatus(Reply):
    """A channel; ``owed``: notices that wait for it."""

    name: str
    type: str
    problem: str | None
    delivered_at: int | None
    owed: int


class ConnectorStatus(Reply):
    """A source that monitoring fetches."""

    stream: str
    name: str
    type: str
    state: str
    problem: str | None
    failures: int
    fetched_at: int | None
    next_at: int
    documents: int
    refused: int


class PlatformStatus(Reply):
    """The whole; what the role of the key may not see is ``null``.

    Attributes:
        services: Anybody sees; their problems from ``train`` on.
        processes: With ``channels``, ``connectors`` and ``database`` for ``admin`` alone.
        alerts: Those that fire, then the last.
        troubles: Of the last day.
    """

    object: Literal["status"] = "status"
    at: int
    status: Verdict
    problems: list[str]
    version: str
    services: list[ServiceStatus]
    broker: BrokerStatus | None = None
    queues: list[QueueStatus] | None = None
    jobs: JobsStatus | None = None
    deployments: list[DeploymentStatus] | None = None
    ingest: IngestStatus | None = None
    alerts: list[AlertStatus] | None = None
    troubles: list[TroubleStatus] | None = None
    database: DatabaseStatus | None = None
    processes: list[ProcessStatus] | None = None
    channels: list[ChannelStatus] | None = None
    connectors: list[ConnectorStatus] | None = None
