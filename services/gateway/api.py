"""The HTTP application: every route, the middleware around them, and the documentation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline

from services.gateway.alerts import channel_routes as alert_channels
from services.gateway.alerts import routes as alerts
from services.gateway.analysis import routes as analysis
from services.gateway.audio import routes as audio
from services.gateway.audit import routes as audit
from services.gateway.background.leased_work import LeasedWork
from services.gateway.backtests import routes as backtests
from services.gateway.batches import routes as batches
from services.gateway.batches.worker import batch_work
from services.gateway.bots import knowledge_routes as bot_knowledge
from services.gateway.bots import routes as bots
from services.gateway.catalogs import routes as catalogs
from services.gateway.channels import routes as channels
from services.gateway.chat import routes as chat
from services.gateway.colleagues import note_routes, proposal_routes
from services.gateway.colleagues import routes as colleagues
from services.gateway.conversations import assist_routes
from services.gateway.conversations import item_routes as conversation_items
from services.gateway.conversations import routes as conversations
from services.gateway.customers import routes as customers
from services.gateway.decisions import routes as decisions
from services.gateway.embeddings import routes as embeddings
from services.gateway.evals import grader_routes as graders
from services.gateway.evals import routes as evals
from services.gateway.evals.worker import eval_work
from services.gateway.explanations import routes as explanations
from services.gateway.feedback import routes as feedback
from services.gateway.files import routes as files
from services.gateway.guards import routes as guards
from services.gateway.http import errors, tasks
from services.gateway.http.access.public import PublicDoors
from services.gateway.http.auditing import FailedActs
from services.gateway.http.bodies.body_limit import BodyLimit
from services.gateway.http.direct_routes import DirectRoutes
from services.gateway.http.live_traffic import LiveTraffic
from services.gateway.http.tracing import Tracing
from services.gateway.jobs import routes as jobs
from services.gateway.keys import routes as keys
from services.gateway.labelling import routes as labelling
from services.gateway.live import routes as live
from services.gateway.loop import routes as loop
from services.gateway.models import routes as models
from services.gateway.moderations import routes as moderations
from services.gateway.operations import routes as operations
from services.gateway.recommendations import routes as recommendations
from services.gateway.responses import routes as responses
from services.gateway.sentiment import routes as sentiment
from services.gateway.state import AppState
from services.gateway.status import routes as status
from services.gateway.stored_completions import routes as stored_completions
from services.gateway.streams import reanalysis_routes as reanalyses
from services.gateway.streams import routes as streams
from services.gateway.streams import trend_routes as stream_trends
from services.gateway.uploads import routes as uploads
from services.gateway.vector_stores import batch_routes, file_routes
from services.gateway.vector_stores import routes as vector_stores
from services.gateway.webhooks import routes as webhooks
from services.gateway.widgets import routes as widgets
from services.gateway.widgets import session_routes as widget_sessions

ROUTERS = (
    chat.router,
    responses.router,
    conversations.router,
    assist_routes.router,
    colleagues.router,
    note_routes.router,
    proposal_routes.router,
    live.router,
    conversation_items.router,
    explanations.router,
    customers.router,
    decisions.router,
    embeddings.router,
    audio.router,
    analysis.router,
    sentiment.router,
    alerts.router,
    alert_channels.router,
    backtests.router,
    streams.router,
    reanalyses.router,
    stream_trends.router,
    feedback.router,
    guards.router,
    labelling.router,
    loop.router,
    files.router,
    vector_stores.router,
    file_routes.router,
    batch_routes.router,
    jobs.router,
    models.router,
    bots.router,
    bot_knowledge.router,
    recommendations.router,  # before the routes that take the rest of a path for an id
    catalogs.router,
    keys.router,
    audit.router,
    batches.router,
    evals.router,
    graders.router,
    uploads.router,
    moderations.router,
    stored_completions.router,
    webhooks.router,
    channels.router,
    widgets.router,
    widget_sessions.router,
    widget_sessions.page,
    operations.router,
    status.router,
)

API_VERSION = "1.0"
"""Of the HTTP interface; fields may be added within it, never taken away."""

_DESCRIPTION = """OpenAI-compatible: the official clients work with only the base URL set. What the convention lacks is an
extra field or an own resource. Every error has the body `{"error": {"message", "type", "param", "code"}}`, and every answer
an `x-request-id`."""


#: FastAPI traces by itself once something in the process sets a tracer provider: four spans a request, with its query string.
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def build_api(gateway: AppState) -> FastAPI:
    """The application of one gateway process."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = gateway.settings.threads
        at_work = gateway.settings.batch_rows_at_once > 0
        works: list[LeasedWork[Any]] = [batch_work(gateway, app), eval_work(gateway, app)]
        async with tasks.running(*(work.run() for work in works if at_work)):
            yield

    # FastAPI's own page takes its scripts from a content network: blank without one, and strangers' code beside the key.
    app = FastAPIOffline(
        title="Parley",
        version=API_VERSION,
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )
    app.state.gateway = gateway
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    settings = gateway.settings
    app.add_middleware(DirectRoutes, routes=[route for router in ROUTERS for route in router.routes])
    app.add_middleware(FailedActs, state=gateway)
    app.add_middleware(
        BodyLimit,
        json_bytes=settings.json_limit_bytes,
        messages_bytes=settings.message_limit_bytes,
        audio_bytes=settings.audio_limit_bytes,
        upload_bytes=settings.upload_limit_bytes,
        lines_bytes=settings.lines_limit_bytes,
        documents_bytes=settings.documents_limit_bytes,
        patience=settings.slow_client_seconds,
    )
    app.add_middleware(LiveTraffic, traffic=gateway.traffic)
    app.add_middleware(Tracing)
    app.add_middleware(PublicDoors)  # added last: outermost
    return app
