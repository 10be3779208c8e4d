"""Asks broker and database how all is: at most once in two seconds, however many want to know."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from threading import Lock
from typing import Any, Literal

from services.gateway.status import schemas
from services.gateway.status.services import is_there, services_of, verdict
from shared.errors import Unavailable
from shared.messaging.bus import Bus
from shared.messaging.topology import Queues
from shared.storage import processes
from shared.storage.database.engine import Database, Session
from shared.storage.monitoring import alert_channels, alerts, stream_sources, streams, trends, troubles
from shared.storage.tables.platform import Process
from shared.storage.training import jobs, models

#: Seconds that an answer holds.
HOLDS_SECONDS = 2.0
#: Seconds that troubles which are over are shown, alerts that are over, and rows of each list.
_BACK = 86_400.0
_ALERTS, _ROWS = 10, 100


class StatusReader:
    """Reads the whole, for an admin; what others may not see is taken out by the route. From any thread.

    Args:
        bus: The broker.
        database: Where processes speak of themselves.
        kind: Of the database.
        clock: Unix seconds.
    """

    def __init__(
        self, bus: Bus, database: Database, kind: Literal["postgresql", "sqlite"], clock: Callable[[], float]
    ) -> None:
        self._bus = bus
        self._database = database
        self._kind = kind
        self._clock = clock
        self._lock = Lock()
        self._held: schemas.PlatformStatus | None = None
        self._holds_until = 0.0

    def read(self) -> schemas.PlatformStatus:
        """How all is now.

        Raises:
            Unavailable: The database is away.
        """
        with self._lock:
            if self._held is None or time.monotonic() >= self._holds_until:
                self._held = self._read()
                self._holds_until = time.monotonic() + HOLDS_SECONDS
            return self._held

    def _read(self) -> schemas.PlatformStatus:
        now, began = self._clock(), time.perf_counter()
        self._database.ping()
        took = (time.perf_counter() - began) * 1000
        broker, queues = self._broker()
        with self._database.reading() as session:
            known = processes.all(session)
            under_way = jobs.counts(session)
            waiting = schemas.JobsStatus(queued=under_way.get("queued", 0), running=under_way.get("running", 0))
            services = services_of(known, now, bool(waiting.queued + waiting.running))
            status, problems = verdict(services, broker_up=broker.state == "ok")
            return schemas.PlatformStatus(
                at=int(now),
                status=status,
                problems=problems,
                version=version("parley"),
                services=services,
                broker=broker,
                queues=queues,
                jobs=waiting,
                deployments=_deployments(session, [one for one in known if is_there(one, now)]),
                ingest=_ingest(session, queues, known),
                alerts=_alerts(session),
                troubles=_troubles(session, now),
                database=schemas.DatabaseStatus(state="ok", kind=self._kind, milliseconds=round(took, 2)),
                processes=[_process(one, now) for one in known],
                channels=_channels(session),
                connectors=_connectors(session),
            )

    def _broker(self) -> tuple[schemas.BrokerStatus, list[schemas.QueueStatus]]:
        try:
            loads = self._bus.loads(Queues.SHARED)
        except Unavailable as error:
            return schemas.BrokerStatus(state="down", problem=error.message), []
        queues = [
            schemas.QueueStatus(name=queue.name, waiting=load.waiting, consumers=load.consumers, limit=queue.max_length)
            for queue, load in zip(Queues.SHARED, loads, strict=True)
            if load is not None
        ]
        return schemas.BrokerStatus(state="ok", problem=None), queues


def _deployments(session: Session, there: Sequence[Process]) -> list[schemas.DeploymentStatus]:
    serving = [one.facts.get("model") for one in there if one.service == "nlu"]
    since = models.promoted_at(session)
    said = max((one for one in there if "drift" in one.facts), key=lambda one: one.seen_at, default=None)
    drifts = said.facts["drift"] if said else {}
    return [
        schemas.DeploymentStatus(
            name=name,
            model=model,
            since=None if name not in since else int(since[name]),
            served_by=serving.count(model) if name == "nlu" else None,
            drift=drifts.get(name),
        )
        for name, model in models.deployments(session).items()
    ]


def _ingest(session: Session, queues: Sequence[schemas.QueueStatus], known: Sequence[Process]) -> schemas.IngestStatus:
    said = [one.facts for one in known if "documents_counted_at" in one.facts]
    last: Mapping[str, Any] = max(said, key=lambda facts: float(facts["documents_counted_at"]), default={})
    failing: dict[str, int] = {}
    for source in stream_sources.everywhere(session):
        failing[source.stream] = failing.get(source.stream, 0) + (source.state == "failing")
    found = []
    for stream in streams.page(session, limit=_ROWS).items:
        newest = trends.watermark(session, stream.id)
        found.append(
            schemas.StreamStatus(
                name=stream.id,
                newest=None if newest is None else int(newest),
                failing_sources=failing.get(stream.id, 0),
            )
        )
    return schemas.IngestStatus(
        waiting=next((one.waiting for one in queues if one.name == Queues.DOCUMENTS.name), None),
        lag_seconds=last.get("document_lag_seconds"),
        counted_at=last.get("documents_counted_at"),
        streams=found,
    )


def _alerts(session: Session) -> list[schemas.AlertStatus]:
    firing = alerts.firing(session)[-_ALERTS:]
    last = alerts.page(session, limit=_ALERTS).items
    shown = {one.id: one for one in (*reversed(firing), *last)}
    return [
        schemas.AlertStatus(
            id=one.id,
            stream=one.stream,
            rule=one.rule,
            entity=one.entity,
            topic=one.topic,
            severity=one.severity,
            state=one.state,
            opened_at=int(one.opened_at),
            resolved_at=_whole(one.resolved_at),
        )
        for one in list(shown.values())[:_ALERTS]
    ]


def _troubles(session: Session, now: float) -> list[schemas.TroubleStatus]:
    return [
        schemas.TroubleStatus(
            kind=one.kind, subject=one.subject, since=one.since, until=one.until, count=one.count, detail=one.detail
        )
        for one in troubles.since(session, now - _BACK, limit=_ROWS)
    ]


def _process(one: Process, now: float) -> schemas.ProcessStatus:
    return schemas.ProcessStatus(
        id=one.id,
        service=one.service,
        version=one.version,
        started_at=int(one.started_at),
        seen_at=int(one.seen_at),
        is_there=is_there(one, now),
        problems=one.problems,
        facts=one.facts,
    )


def _channels(session: Session) -> list[schemas.ChannelStatus]:
    owed = alert_channels.owed(session)
    return [
        schemas.ChannelStatus(
            name=one.id,
            type=one.setting.root.type,
            problem=one.problem,
            delivered_at=_whole(one.delivered_at),
            owed=owed.get(one.id, 0),
        )
        for one in alert_channels.page(session, limit=_ROWS).items
    ]


def _connectors(session: Session) -> list[schemas.ConnectorStatus]:
    return [
        schemas.ConnectorStatus(
            stream=one.stream,
            name=one.name,
            type=one.setting["type"],
            state=one.state,
            problem=one.problem,
            failures=one.failures,
            fetched_at=_whole(one.fetched_at),
            next_at=int(one.due_at),
            documents=one.documents,
            refused=one.refused,
        )
        for one in stream_sources.everywhere(session, limit=_ROWS)
    ]


def _whole(at: float | None) -> int | None:
    return None if at is None else int(at)
