"""What customers made of items that were offered in a chat, as events of the catalog."""

from __future__ import annotations

from collections.abc import Sequence

from shared.dialogue.offers import who
from shared.errors import NotFound
from shared.storage.database.engine import Session
from shared.storage.knowledge import catalogs
from shared.storage.tables.catalogs import CatalogEvent
from shared.storage.tables.core import Turn
from shared.telemetry import logs

_log = logs.get(__name__)


def note(session: Session, turns: Sequence[Turn]) -> None:
    """Store the choices and refusals of some turns with them; each counts once, and nothing is kept of who has opted out."""
    told: dict[str, list[CatalogEvent]] = {}
    for turn in turns:
        for number, act in enumerate(turn.answer.noted):
            event = CatalogEvent(
                catalog_id=act.catalog,
                event_id=f"chat-{turn.id}-{number}",
                who=who(turn.state, turn.conversation_id),
                item_id=act.item_id,
                type=act.type,
                at=turn.created_at,
                version=0,
            )
            told.setdefault(act.catalog, []).append(event)
    for catalog_id in sorted(told):
        _add(session, catalog_id, told[catalog_id])


def _add(session: Session, catalog_id: str, events: Sequence[CatalogEvent]) -> None:
    try:
        version = catalogs.advance(session, catalog_id)
    except NotFound:
        _log.warning("items of a catalog that is gone were chosen in a chat", catalog=catalog_id, events=len(events))
        return
    out = catalogs.opted_out(session, catalog_id, sorted({event.who for event in events}))
    kept = [event.model_copy(update={"version": version}) for event in events if event.who not in out]
    catalogs.add_events(session, kept)
