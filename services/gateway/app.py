"""Composition root of the gateway."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from uuid import uuid4

from fastapi import FastAPI

from services.gateway.alerts.feed import EventHub
from services.gateway.analysis.client import Texts
from services.gateway.api import build_api
from services.gateway.attachments.reading import Attachments
from services.gateway.audio.client import Audio
from services.gateway.audit.expiry import INTERVAL_SECONDS as AUDIT_SECONDS
from services.gateway.audit.expiry import delete_old
from services.gateway.catalogs.retraining import INTERVAL_SECONDS as RETRAINING_SECONDS
from services.gateway.catalogs.retraining import retrain_due
from services.gateway.channels.saying import AT_ONCE, Saying, build_saying_handlers
from services.gateway.chat.generation import TextGeneration
from services.gateway.chat.lookup import ConversationLookup
from services.gateway.chat.outbox import Outbox
from services.gateway.chat.surges import LOOK_SECONDS as SURGE_SECONDS
from services.gateway.chat.surges import ChatSurges
from services.gateway.chat.turn_writer import TurnWriter
from services.gateway.chat.turns import Turns
from services.gateway.colleagues.news import ConversationNews
from services.gateway.conversations.retention import INTERVAL_SECONDS as CONVERSATION_SECONDS
from services.gateway.conversations.retention import forget_silent
from services.gateway.customers.retention import INTERVAL_SECONDS as CUSTOMER_SECONDS
from services.gateway.customers.retention import forget_unseen
from services.gateway.decisions.deciding import Decisions
from services.gateway.files.expiry import INTERVAL_SECONDS, delete_expired
from services.gateway.files.uploads import UploadStore
from services.gateway.handlers import build_handlers, build_response_handlers
from services.gateway.http.access.keyring import KeyRing
from services.gateway.http.access.rate_limit import RateLimiter
from services.gateway.http.access.visitors import Visitors
from services.gateway.http.live_traffic import TrafficGauge
from services.gateway.jobs.submission import JobSubmission
from services.gateway.keys.first_key import add_key, ensure_key
from services.gateway.loop.preparing import DataSets
from services.gateway.loop.rounds import INTERVAL_SECONDS as LOOP_SECONDS
from services.gateway.loop.rounds import Loop
from services.gateway.models.predictions import Predictions
from services.gateway.models.releases import ReleasePublisher
from services.gateway.moderations.moderator import Moderator
from services.gateway.operations.readiness import Readiness
from services.gateway.recommendations.client import RecommendationClient
from services.gateway.responses.answering import Answering
from services.gateway.responses.background import SWEEP_SECONDS, ResponseQueue, ResponseWorkers
from services.gateway.responses.streaming import Followers
from services.gateway.settings import GatewaySettings
from services.gateway.state import AppState
from services.gateway.status.reading import StatusReader
from services.gateway.uploads.expiry import end_expired
from services.gateway.vector_stores.documents import PassageSearch
from services.gateway.webhooks.delivery import WebhookDeliveries, WebhookSender
from shared.artifacts.store import ArtifactStore, open_store
from shared.background import Ticker
from shared.messaging.bus import Bus, Publisher
from shared.messaging.celery.job_queue import job_queue
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.consuming.stream_consumer import StreamConsumer
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from shared.outbound.client import OutboundClient
from shared.presence import present
from shared.storage.database.engine import Database, open_database
from shared.storage.tables.core import Turn
from shared.telemetry.health import Health


@contextmanager
def running(settings: GatewaySettings) -> Iterator[FastAPI]:
    """Everything a gateway process needs; yields the application for a server to run.

    Raises:
        SettingsError: A URL is wrong.
        Unavailable: The database cannot be reached.
    """
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings.database))
        ensure_key(database, settings.api_key, _announce, time.time())
        bus = stack.enter_context(connect(settings.broker_url, prefix=settings.broker_prefix))
        gateway = _gateway(settings, stack, bus, database)
        # Its own HTTP tells how it is: there is nothing to check beside.
        stack.enter_context(present(database, "gateway", Health({}, vital={}).report))
        yield build_api(gateway)


def make_admin_key(settings: GatewaySettings, name: str) -> None:
    """Give an operator who has lost every admin key another one; it is shown on standard output.

    Raises:
        SettingsError: A URL is wrong, or the database is not that of a platform.
        Unavailable: The database cannot be reached.
    """
    with open_database(settings.database) as database:
        add_key(database, name, _announce, time.time())


def _gateway(settings: GatewaySettings, stack: ExitStack, bus: Bus, database: Database) -> AppState:
    instance = uuid4().hex
    publisher = stack.enter_context(bus.publisher())
    outbox = stack.enter_context(Outbox(database, publisher, time.time))
    news, sockets = ConversationNews(publisher), EventHub(settings.sockets_limit)

    def stored(turns: Sequence[Turn]) -> None:
        outbox.hand_over(turns)
        news.stored(turns)
        for turn in turns:
            sockets.publish(b"turn", turn.conversation_id)

    writer = stack.enter_context(TurnWriter(database, stored, settings.pending_limit))
    requester = stack.enter_context(Requester(bus, instance, limit=settings.pending_limit))
    events, conversation_events = _events(settings, stack, bus, publisher, instance, sockets)
    store = open_store(settings.artifacts)
    _forget_in_time(settings, stack, database, store)
    webhooks = WebhookSender(OutboundClient(settings.outbound_networks), time.time)
    stack.enter_context(WebhookDeliveries(database, webhooks, time.time))
    queue = job_queue(settings.broker_url, publisher, settings.broker_prefix)
    submissions = JobSubmission(database, store, queue, time.time)
    stack.enter_context(
        Ticker("retraining", lambda: retrain_due(database, submissions, time.time()), RETRAINING_SECONDS)
    )
    uploads = UploadStore(store, settings.upload_limit_bytes, settings.uploads_limit)
    loop = Loop(database, DataSets(database, store, uploads), submissions, time.time)
    stack.enter_context(Ticker("loop", loop.go_on, LOOP_SECONDS))
    timeout = settings.request_timeout_seconds
    conversations = ConversationLookup(database, settings.history_turns)
    turns = _turns(settings, stack, requester, writer, database)
    generation = TextGeneration(requester, database, settings.engines, settings.generation_timeout_seconds)
    predictions = Predictions(requester, timeout)
    moderator = Moderator(database, predictions)
    audio = Audio(requester, store, settings.sound_timeout_seconds, settings.audio_limit_bytes)
    attachments = Attachments(requester, store, database, settings.media_timeout_seconds)
    answering = Answering(database, turns, conversations, generation, moderator, attachments, audio, time.time)
    saying = stack.enter_context(Saying(turns, conversations))
    says = build_saying_handlers(saying.take)
    stack.enter_context(StreamConsumer(bus, Queues.SAYINGS, says, publisher=publisher, limit=4 * AT_ONCE))
    _write_in_background(settings, stack, bus, publisher, database, answering)
    return AppState(
        settings=settings,
        clock=time.time,
        database=database,
        store=store,
        publisher=publisher,
        keys=KeyRing(database, time.monotonic),
        visitors=Visitors(database, time.monotonic, time.time),
        limiter=RateLimiter(),
        traffic=TrafficGauge(time.monotonic),
        conversations=conversations,
        turns=turns,
        texts=Texts(requester, timeout),
        generation=generation,
        predictions=predictions,
        moderator=moderator,
        attachments=attachments,
        audio=audio,
        passages=PassageSearch(requester, publisher, timeout),
        requester=requester,
        recommendations=RecommendationClient(requester, publisher, timeout),
        uploads=uploads,
        submissions=submissions,
        loop=loop,
        releases=ReleasePublisher(publisher),
        events=events,
        conversation_events=conversation_events,
        sockets=sockets,
        news=news,
        webhooks=webhooks,
        readiness=Readiness(requester, database, time.time),
        status=StatusReader(
            bus, database, "sqlite" if settings.database.startswith("sqlite") else "postgresql", time.time
        ),
        decisions=Decisions(requester, generation, timeout),
        responses=answering,
        response_queue=ResponseQueue(database, publisher, settings.background_limit),
        followers=Followers(database, settings.event_streams_limit),
    )


def _turns(
    settings: GatewaySettings, stack: ExitStack, requester: Requester, writer: TurnWriter, database: Database
) -> Turns:
    surges = ChatSurges(database)
    stack.enter_context(Ticker("chat-surges", surges.look, SURGE_SECONDS))
    return Turns(requester, writer, database, surges, timeout=settings.request_timeout_seconds, clock=time.time)


def _forget_in_time(settings: GatewaySettings, stack: ExitStack, database: Database, store: ArtifactStore) -> None:
    """Files, uploads, customers, conversations and entries of the audit whose time is over."""
    days, silent = settings.customer_retention_days, settings.conversation_retention_days
    for name, forget, seconds in (
        ("file-expiry", lambda: delete_expired(database, store, time.time()), INTERVAL_SECONDS),
        ("audit-expiry", lambda: delete_old(database, settings.audit_days, time.time()), AUDIT_SECONDS),
        ("upload-expiry", lambda: end_expired(database, store, time.time()), 2 * INTERVAL_SECONDS),
        ("customer-retention", lambda: forget_unseen(database, days, time.time()), CUSTOMER_SECONDS),
        ("conversation-retention", lambda: forget_silent(database, silent, time.time()), CONVERSATION_SECONDS),
    ):
        stack.enter_context(Ticker(name, forget, seconds))


def _write_in_background(
    settings: GatewaySettings,
    stack: ExitStack,
    bus: Bus,
    publisher: Publisher,
    database: Database,
    answering: Answering,
) -> None:
    count = settings.background_responses
    workers = stack.enter_context(ResponseWorkers(answering, database, time.time, count))
    stack.enter_context(Ticker("responses", workers.wake, SWEEP_SECONDS))
    stack.enter_context(Consumer(bus, Queues.RESPONSES, build_response_handlers(workers), publisher=publisher))


def _events(
    settings: GatewaySettings, stack: ExitStack, bus: Bus, publisher: Publisher, instance: str, sockets: EventHub
) -> tuple[EventHub, EventHub]:
    events, conversations = (EventHub(settings.event_streams_limit) for _ in range(2))
    handlers = build_handlers(events, (conversations, sockets))
    stack.enter_context(Consumer(bus, Queues.feed(instance), handlers, publisher=publisher))
    for hub in (events, conversations, sockets):
        stack.callback(hub.close)
    return events, conversations


def _announce(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
