"""``/v1/status``."""

from __future__ import annotations

from typing import Any

from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.router import resource
from services.gateway.state import State
from services.gateway.status.schemas import PlatformStatus

router = resource("Operations")

_FOR_TRAIN = ("broker", "queues", "jobs", "deployments", "ingest", "alerts", "troubles")
_FOR_ADMIN = ("database", "processes", "channels", "connectors")


@router.get("/status")
def retrieve(state: State, caller: ChatCaller) -> PlatformStatus:
    """How the platform is doing: services and their versions, queues, models in production, ingest, alerts, and what went wrong lately.

    A key with the role `chat` sees the verdict and the services; `train` sees the rest but processes, channels, connectors and
    the database, which are for `admin`. What a key may not see is `null`. An answer holds for two seconds.
    """
    return shown_to(caller, state.status.read())


def shown_to(caller: Caller, status: PlatformStatus) -> PlatformStatus:
    """The status without what the caller may not see."""
    hidden: dict[str, Any] = {}
    if not caller.may("admin"):
        hidden |= dict.fromkeys(_FOR_ADMIN)
    if not caller.may("train"):
        hidden |= dict.fromkeys(_FOR_TRAIN)
        hidden["services"] = [one.model_copy(update={"problems": []}) for one in status.services]
    return status.model_copy(update=hidden) if hidden else status
