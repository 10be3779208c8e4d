"""``/v1/alerts`` and its event stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Path, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from services.gateway.alerts.feed import Watcher
from services.gateway.alerts.objects import alert_object, firing_event
from services.gateway.alerts.schemas import AlertEvent, AlertObject, Snooze
from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies import sse
from services.gateway.http.bodies.schemas import Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.sentiment.schemas import TrendObject, Trends
from services.gateway.sentiment.trends import read_trends
from services.gateway.state import AppState, State
from shared.contracts.monitoring.sentiment import CHAT_STREAM
from shared.contracts.monitoring.streams import StreamName
from shared.storage.monitoring import alerts
from shared.storage.tables.core import AlertState

router = resource("Alerts")

AlertId = Annotated[str, Path(max_length=64)]

#: Seconds between two looks at the trend; without a change a comment shows that the connection lives.
TICK_SECONDS = 2.0
#: Seconds that a trend event looks back.
LOOK_BACK_SECONDS = 600
STEP_SECONDS = 60

_EVENTS = {
    "text/event-stream": {
        "schema": {
            "type": "string",
            "description": "`event: alert`, `event: trend` and `event: job`, each with a JSON object in `data:`.",
        }
    }
}


@router.get("/alerts")
def list_alerts(
    state: State,
    _caller: TrainCaller,
    stream: Annotated[StreamName | None, Query()] = None,
    status: Annotated[
        AlertState | None, Query(description="Only those that fire, or only those that are over.")
    ] = None,
    incident: Annotated[str | None, Query(max_length=64, description="Only those of one incident.")] = None,
    after: After = None,
    limit: Limit = 20,
) -> Listing[AlertObject]:
    """Alerts, newest first, with the ids of the texts that caused them."""
    with state.database.reading() as session:
        page = alerts.page(session, after=after, limit=limit, stream=stream, state=status, incident=incident)
    return Listing[AlertObject].of([alert_object(alert) for alert in page.items], has_more=page.has_more)


async def _watcher(state: State, _caller: TrainCaller) -> AsyncIterator[Watcher]:
    """Open until the stream has ended, however it ends."""
    with state.events.watching() as watcher:
        yield watcher


@router.get("/alerts/stream", response_class=StreamingResponse, responses={200: {"content": _EVENTS}})
async def watch(
    state: State,
    watcher: Annotated[Watcher, Depends(_watcher)],
    stream: Annotated[StreamName, Query()] = CHAT_STREAM,
) -> StreamingResponse:
    """Server-sent events: the alerts that fire now, then every change; a stream's trend whenever it moves; job progress."""
    return StreamingResponse(_events(state, watcher, stream), media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)


@router.get("/alerts/{alert_id}")
def retrieve_alert(alert_id: AlertId, state: State, _caller: TrainCaller) -> AlertObject:
    """One alert, with all that it stands on."""
    with state.database.reading() as session:
        return alert_object(alerts.get(session, alert_id))


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge(alert_id: AlertId, state: State, caller: TrainCaller) -> AlertObject:
    """Say that somebody looks after it: it is not escalated. The first one stays; an alert that is over stays as it is."""
    with state.database.transaction() as session:
        return alert_object(alerts.acknowledge(session, alert_id, by=caller.key_id, now=state.clock()))


@router.post("/alerts/{alert_id}/snooze")
def snooze(alert_id: AlertId, body: Snooze, state: State, _caller: TrainCaller) -> AlertObject:
    """Have channels not told of it again for a while. It goes on firing, and ends by itself."""
    with state.database.transaction() as session:
        return alert_object(alerts.snooze(session, alert_id, state.clock() + 60 * body.minutes))


async def _events(state: AppState, watcher: Watcher, stream: str) -> AsyncIterator[bytes]:
    for alert in await run_in_threadpool(_firing, state):
        yield sse.frame(alert, event="alert")
    shown: list[TrendObject] | None = None
    events: list[bytes] | None = []
    while events is not None:
        trends = await run_in_threadpool(_recent, state, stream)
        if trends.data != shown:
            yield sse.frame(trends, event="trend")
            shown = trends.data
        elif not events:
            yield sse.KEEP_ALIVE
        events = await watcher.events(TICK_SECONDS)
        for event in events or ():
            yield event


def _firing(state: AppState) -> list[AlertEvent]:
    with state.database.reading() as session:
        return [firing_event(alert) for alert in alerts.firing(session)]


def _recent(state: AppState, stream: str) -> Trends:
    now = state.clock()
    return read_trends(state.database, stream=stream, since=now - LOOK_BACK_SECONDS, until=now, step=STEP_SECONDS)
