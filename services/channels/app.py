"""Composition root of channels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

from services.channels.bringing import Bringing
from services.channels.conversing import Conversing
from services.channels.door import Door
from services.channels.fetching import Fetching
from services.channels.handlers import build_handlers, build_news_handlers
from services.channels.settings import ChannelsSettings
from services.channels.telling import Telling
from services.channels.working import Worker, answering
from shared.background import Ticker
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.requesting.requester import Requester
from shared.messaging.topology import Queues
from shared.outbound.client import OutboundClient
from shared.presence import present
from shared.storage.chat import channels
from shared.storage.database.engine import open_database
from shared.telemetry.health import Health

#: Seconds between two looks for news that were lost.
_SWEEP_SECONDS = 30.0
#: Seconds between two questions which channels are to be fetched from.
_FETCH_SECONDS = 1.0
_PRUNE_SECONDS, _KEPT_SECONDS = 3600.0, 30 * 86_400.0


@contextmanager
def running(settings: ChannelsSettings) -> Iterator[Health]:
    """Start working; on exit what is under way is finished, everything else stays in the database.

    Raises:
        SettingsError: A URL is wrong.
        Unavailable: The database cannot be reached.
    """
    instance = f"channels-{uuid4().hex}"
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings.database))
        bus = stack.enter_context(connect(settings.broker_url, prefix=settings.broker_prefix))
        publisher = stack.enter_context(bus.publisher())
        requester = stack.enter_context(Requester(bus, instance))
        telling = Telling(database, time.time)
        conversing = Conversing(database, requester, settings.channel_answer_seconds, time.time)
        client = OutboundClient(settings.outbound_networks)
        brought = Bringing(database, client, time.time)
        hold = settings.channel_hold_seconds
        out = [Worker(database, "out", brought.bring, hold, time.time) for _ in range(settings.channel_workers)]

        def wake_out() -> None:
            for worker in out:
                worker.wake()

        answer = answering(conversing, telling, wake_out)
        hold += settings.channel_answer_seconds
        into = [Worker(database, "in", answer, hold, time.time) for _ in range(settings.channel_workers)]

        def wake_in() -> None:
            for worker in into:
                worker.wake()

        def sweep() -> None:
            if telling.catch_up():
                wake_out()

        def prune() -> None:
            with database.transaction() as session:
                channels.prune(session, time.time() - _KEPT_SECONDS)

        fetching = Fetching(database, client, wake_in, settings.channel_fetch_seconds, time.time)
        door = build_handlers(Door(database, wake_in, time.time))
        consumer = stack.enter_context(Consumer(bus, Queues.CHANNELS, door, publisher=publisher))
        news = build_news_handlers(telling, wake_out)
        stack.enter_context(Consumer(bus, Queues.conversation_news(instance), news, publisher=publisher))
        for worker in (*out, *into):
            stack.enter_context(worker)
        stack.enter_context(Ticker("channels-sweep", sweep, _SWEEP_SECONDS))
        stack.enter_context(Ticker("channels-fetch", fetching.look, _FETCH_SECONDS))
        stack.enter_context(Ticker("channels-prune", prune, _PRUNE_SECONDS))
        health = Health({"broker": consumer.refusal}, vital={"consumer": consumer.problem})
        stack.enter_context(present(database, "channels", health.report))
        yield health
