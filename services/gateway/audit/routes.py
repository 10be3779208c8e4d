"""``/v1/audit``: who promoted, read, answered, changed, exported."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.gateway.audit.schemas import AuditEntryObject
from services.gateway.http.access.auth import AdminCaller
from services.gateway.http.bodies.schemas import Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from shared.storage import audit
from shared.storage.tables.audit import AuditAction, AuditEntry

router = resource("Audit")

Seconds = Annotated[float | None, Query(ge=0, description="Unix seconds.")]


@router.get("/audit")
def list_entries(
    state: State,
    _caller: AdminCaller,
    actor: Annotated[str | None, Query(max_length=256, description="Of this key alone.")] = None,
    action: Annotated[AuditAction | None, Query(description="Of this kind alone.")] = None,
    thing: Annotated[str | None, Query(max_length=64, description="Done to things of this kind alone.")] = None,
    thing_id: Annotated[str | None, Query(max_length=256, description="Done to this thing alone.")] = None,
    since: Seconds = None,
    until: Seconds = None,
    after: After = None,
    limit: Limit = 20,
) -> Listing[AuditEntryObject]:
    """Acts, newest first. Entries are never changed, and kept for `PARLEY_AUDIT_DAYS`; reading them is an act itself."""
    with state.database.reading() as session:
        page = audit.page(
            session,
            actor=actor,
            action=action,
            kind=thing,
            object_id=thing_id,
            since=since,
            until=until,
            after=after,
            limit=limit,
        )
    return Listing[AuditEntryObject].of([_object(entry) for entry in page.items], has_more=page.has_more)


def _object(entry: AuditEntry) -> AuditEntryObject:
    return AuditEntryObject(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        thing=entry.object,
        thing_id=entry.object_id,
        request=entry.request,
        request_id=entry.request_id,
        detail=entry.detail,
    )
