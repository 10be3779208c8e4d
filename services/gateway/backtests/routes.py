"""``POST /v1/streams/{stream}/backtest``: asks monitoring."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import Path
from fastapi.concurrency import run_in_threadpool

from services.gateway.backtests.schemas import BacktestObject, BacktestRequest, Hour, PastAlertObject
from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.router import resource
from services.gateway.state import AppState, State
from shared.contracts.monitoring.alert_rules import default_rules, of_texts
from shared.contracts.monitoring.backtests import BacktestStream, PastAlert, StreamBacktested
from shared.contracts.monitoring.streams import StreamName, StreamSpec
from shared.errors import Unavailable
from shared.storage.monitoring import streams
from shared.telemetry.correlation import correlation_id

router = resource("Streams")

#: Seconds that monitoring may take.
_PATIENCE = 120.0
_HOUR = 3600
#: Seconds between two alerts of one incident.
_TOGETHER = 1800


@router.post("/streams/{stream}/backtest")
async def backtest(
    stream: Annotated[StreamName, Path()], body: BacktestRequest, state: State, _caller: TrainCaller
) -> BacktestObject:
    """When these rules would have fired on what the stream has counted, and how often. Counts by minute are kept for 30 days."""
    spec = await run_in_threadpool(_spec, state, stream)
    rules = body.rules if body.rules is not None or spec.rules is None else of_texts(spec.rules)
    asked = BacktestStream(
        stream=stream,
        since=body.since // _HOUR * _HOUR,
        until=body.until // _HOUR * _HOUR,
        rules=default_rules() if rules is None else rules,
        false_alarms_per_day=body.false_alarms_per_day or spec.false_alarms_per_day,
    )
    future = state.requester.submit(asked, timeout=_PATIENCE, correlation_id=correlation_id())
    answer = await asyncio.wrap_future(future)
    if not isinstance(answer, StreamBacktested):
        raise Unavailable(f"monitoring answered with {type(answer).__name__}; all services must be of one version")
    alerts = list(_numbered(answer.alerts))
    incidents = alerts[-1].incident if alerts else 0
    return BacktestObject(
        stream=stream,
        since=asked.since,
        until=asked.until,
        scopes=answer.scopes,
        incidents=incidents,
        per_week=round(incidents * 7 * 86_400 / (asked.until - asked.since), 2),
        alerts=alerts,
        hours=[Hour(start=start, texts=texts, negative=negative) for start, texts, negative in answer.hours],
    )


def _spec(state: AppState, stream: str) -> StreamSpec:
    with state.database.reading() as session:
        return streams.spec_of(session, stream)


def _numbered(alerts: Sequence[PastAlert]) -> Iterator[PastAlertObject]:
    """Alerts with the incident that each belongs to."""
    incident, latest = 0, float("-inf")
    for alert in alerts:
        incident += alert.opened_at - latest > _TOGETHER
        latest = max(latest, alert.opened_at, alert.resolved_at or float("inf"))
        yield PastAlertObject(incident=incident, **alert.model_dump())
