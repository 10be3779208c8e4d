"""Requests that the gateway makes of itself for work that can wait: after live traffic, and again where something was away."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import ASGIApp

from services.gateway.http.access.inner import InnerAnswer, ask
from services.gateway.http.access.keyring import Caller
from services.gateway.http.live_traffic import TrafficGauge
from shared.retrying import Backoff

#: What is away for the moment: waited for while the work lasts.
_AWAY = frozenset((HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT))
#: What may succeed the next time; a request that fails so often is an error.
_TRIES = 3
_PAUSES = Backoff(first=0.5, longest=30.0)


@dataclass(frozen=True, slots=True)
class PatientRequests:
    """Makes requests in the name of callers.

    Attributes:
        app: The whole application.
        traffic: Who else waits.
    """

    app: ASGIApp
    traffic: TrafficGauge

    async def ask(self, path: str, body: bytes, caller: Caller, key: str, until: float) -> InnerAnswer:
        """POST a JSON body until it is answered; ``until`` (Unix seconds) nothing is waited for any more."""
        failures = 0
        while True:
            async with self.traffic.step():
                answer = await ask(self.app, path, body, caller, idempotency_key=key)
            is_away = answer.status in _AWAY
            if not is_away and (answer.status < HTTPStatus.INTERNAL_SERVER_ERROR or failures + 1 >= _TRIES):
                return answer
            if time.time() >= until:
                return answer
            await asyncio.sleep(_PAUSES.pause(failures))
            failures += 1
