"""``/v1/audit``."""

from __future__ import annotations

from typing import Any, Literal

from services.gateway.http.bodies.schemas import Resource
from shared.storage.tables.audit import AuditAction


class AuditEntryObject(Resource):
    """An act of somebody with a key.

    Attributes:
        at: When it was begun, in Unix seconds.
        actor: The id of the key.
        action: What was done; ``failed``: what ``detail.of`` names came to nothing.
        thing: The kind of thing it was done to.
        thing_id: Which one.
        request: Method and route.
        request_id: As the caller was told, and as it stands in the logs.
    """

    object: Literal["audit.entry"] = "audit.entry"
    at: float
    actor: str
    action: AuditAction
    thing: str
    thing_id: str | None
    request: str
    request_id: str
    detail: dict[str, Any]
