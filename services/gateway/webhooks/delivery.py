"""Tells webhook endpoints what they asked to be told: tried again with growing pauses for a day, and noted try by try.

Any number of gateway processes do this beside each other. A process that dies while it tries leaves the delivery held for a
while; then another one tries it, with the same ``webhook-id``.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from services.gateway.webhooks.objects import event_body
from shared.background import Background
from shared.errors import ParleyError, reason_of
from shared.outbound.client import OutboundClient
from shared.outbound.signing import signed_headers
from shared.retrying import Backoff
from shared.storage import webhooks
from shared.storage.database.engine import Database
from shared.storage.tables.webhooks import WebhookDelivery, WebhookEndpoint
from shared.telemetry import logs

log = logs.get(__name__)

#: Between the tries, some 16 of them within the day.
PAUSES = Backoff(first=5.0, longest=14_400.0)
#: Seconds for which an event is tried.
LIFETIME_SECONDS = 86_400.0
#: Seconds that a receiver may take.
TIMEOUT_SECONDS = 15.0
#: Seconds for which a try keeps others off: longer than any takes, with the look-up of the name.
HOLD_SECONDS = 60.0
#: Seconds between two looks for what is due.
LOOK_SECONDS = 1.0
#: Tries at once, and to one endpoint: one that never answers must not keep the others waiting.
TRIES_AT_ONCE, TRIES_AT_ONE = 8, 2
#: Days for which the log of a delivery is kept.
LOG_DAYS = 30

_PRUNE_SECONDS = 3600.0


class WebhookSender:
    """Sends one message to one endpoint.

    Args:
        client: Calls where it may.
        clock: Unix seconds.
    """

    def __init__(self, client: OutboundClient, clock: Callable[[], float]) -> None:
        self.client = client
        self._clock = clock

    def send(self, endpoint: WebhookEndpoint, event_id: str, body: bytes) -> int:
        """The status that the receiver answered with.

        Raises:
            OutboundRefused: Its address may not be called.
            Unavailable: It did not answer.
        """
        now = self._clock()
        keys = [endpoint.secret]
        if endpoint.previous_secret is not None and (endpoint.previous_until or 0.0) > now:
            keys.append(endpoint.previous_secret)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Parley-Webhooks/1",
            **signed_headers(keys, event_id, int(now), body),
        }
        return self.client.send("POST", endpoint.url, headers=headers, body=body, timeout=TIMEOUT_SECONDS).status


class WebhookDeliveries(Background):
    """A thread that looks for what is due, and some that try it.

    Args:
        database: Where deliveries are.
        sender: Tries.
        clock: Unix seconds.
        look_seconds: Between two looks.
        pauses: Between tries.
    """

    def __init__(
        self,
        database: Database,
        sender: WebhookSender,
        clock: Callable[[], float],
        *,
        look_seconds: float = LOOK_SECONDS,
        pauses: Backoff = PAUSES,
    ) -> None:
        super().__init__("webhooks")
        self._database = database
        self._sender = sender
        self._clock = clock
        self._look_seconds = look_seconds
        self._pauses = pauses
        self._stopping = threading.Event()
        self._busy: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._trouble = ""

    def _run(self) -> None:
        pruned = time.monotonic()
        with ThreadPoolExecutor(TRIES_AT_ONCE, thread_name_prefix="webhook") as pool:
            while not self._stopping.is_set():
                try:
                    if not self._take(pool):
                        self._stopping.wait(self._look_seconds)
                    if time.monotonic() - pruned >= _PRUNE_SECONDS:
                        self._prune()
                        pruned = time.monotonic()
                    self._trouble = ""
                except Exception as error:  # noqa: BLE001  # a thread that died would never tell anything again
                    self._note(reason_of(error))
                    self._stopping.wait(self._look_seconds)

    def _stop(self) -> None:
        self._stopping.set()

    def _note(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("webhooks are not told for the moment; tried again", reason=trouble)
        self._trouble = trouble

    def _take(self, pool: ThreadPoolExecutor) -> bool:
        """Begin to try what is due; whether there was any."""
        with self._lock:
            free = TRIES_AT_ONCE - self._busy.total()
            full = [endpoint for endpoint, tries in self._busy.items() if tries >= TRIES_AT_ONE]
        if free <= 0:
            return False
        with self._database.reading() as session:
            if not webhooks.is_due(session, self._clock(), full):
                return False
        with self._database.transaction() as session:
            claimed = webhooks.claim(
                session,
                token=secrets.token_hex(16),
                now=self._clock(),
                hold_seconds=HOLD_SECONDS,
                limit=min(free, TRIES_AT_ONE),
                without=full,
            )
        with self._lock:
            self._busy.update(endpoint.id for _, endpoint in claimed)
        for delivery, endpoint in claimed:
            pool.submit(self._try, delivery, endpoint)
        return bool(claimed)

    def _try(self, delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> None:
        try:
            self._settle(delivery, self._tried(delivery, endpoint))
        except Exception as error:  # noqa: BLE001  # held for a while, then tried again
            log.warning("the outcome of a webhook is not noted", delivery=delivery.id, reason=reason_of(error))
        finally:
            with self._lock:
                self._busy.subtract([endpoint.id])
                self._busy += Counter()  # without those at 0

    def _tried(self, delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> dict[str, Any]:
        body = event_body(delivery.event_id, delivery.event_type, delivery.created_at, delivery.data)
        began = time.monotonic()
        tried: dict[str, Any] = {"at": self._clock()}
        try:
            tried["status_code"] = self._sender.send(endpoint, delivery.event_id, body)
        except ParleyError as error:
            tried["error"] = error.message
        return tried | {"ms": round((time.monotonic() - began) * 1000)}

    def _settle(self, delivery: WebhookDelivery, tried: dict[str, Any]) -> None:
        now, status = self._clock(), tried.get("status_code", 0)
        next_at = now + self._pauses.pause(delivery.attempts - 1)
        is_told = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        is_over = next_at > delivery.created_at + LIFETIME_SECONDS or status == HTTPStatus.GONE
        with self._database.transaction() as session:
            if is_told or is_over:
                webhooks.finish(session, delivery, "delivered" if is_told else "failed", tried, now)
            else:
                webhooks.postpone(session, delivery, tried, next_at)
        if is_over and not is_told:
            log.warning(
                "webhook given up", delivery=delivery.id, endpoint=delivery.endpoint_id, tries=delivery.attempts
            )

    def _prune(self) -> None:
        with self._database.transaction() as session:
            webhooks.prune(session, self._clock() - LOG_DAYS * 86_400.0)
