"""What the routes work with: made once by the composition root, handed to each request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.gateway.events import EventHub
from services.gateway.keyring import KeyRing
from services.gateway.places import Places
from services.gateway.rate_limit import RateLimiter
from services.gateway.readiness import Readiness
from services.gateway.releases import Releases
from services.gateway.settings import GatewaySettings
from services.gateway.submissions import Submissions
from services.gateway.texts import Texts
from services.gateway.turns import Turns
from services.gateway.uploads import Intake
from shared.artifacts.store import ArtifactStore
from shared.messaging.bus import Publisher
from shared.storage.engine import Database


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway process, whole."""

    settings: GatewaySettings
    clock: Callable[[], float]
    """Unix seconds."""
    database: Database
    store: ArtifactStore
    publisher: Publisher
    keys: KeyRing
    limiter: RateLimiter
    places: Places
    turns: Turns
    texts: Texts
    intake: Intake
    submissions: Submissions
    releases: Releases
    events: EventHub
    readiness: Readiness


async def _here(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


Here = Annotated[Gateway, Depends(_here)]
