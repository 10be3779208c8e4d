"""What two people say of a request: noted, and carried out once they agree."""

from __future__ import annotations

from services.gateway.conversations.items import message
from services.gateway.guards.schemas import DecideReview
from services.gateway.http.access.keyring import Caller
from shared.contracts.webhooks import WebhookEventType
from shared.storage import audit, keys, webhooks
from shared.storage.chat import conversation_items, conversations, four_eyes, takeovers
from shared.storage.database.engine import Session
from shared.storage.database.identity import new_id
from shared.storage.tables.audit import AuditEntry
from shared.storage.tables.guards import GuardReview
from shared.telemetry.correlation import correlation_id

_EVENTS: dict[str, WebhookEventType] = {"approved": "review.approved", "rejected": "review.rejected"}


def vote(session: Session, review: GuardReview, body: DecideReview, caller: Caller, now: float) -> GuardReview:
    """Note what somebody says of a request, with what came of it; once it is decided, the customer and webhooks hear of it."""
    author = body.author or keys.get(session, caller.key_id).name
    voted, outcome = four_eyes.vote(
        session, review, body.verdict, author=author, key_id=caller.key_id, comment=body.comment, now=now
    )
    entry = AuditEntry(
        id=new_id("audit_"),
        at=now,
        actor=caller.key_id,
        action="reviewed",
        object="request",
        object_id=voted.id,
        request="POST /v1/guards/reviews/{review_id}",
        request_id=correlation_id() or "",
        detail={"intent": voted.rule, "verdict": body.verdict, "outcome": outcome},
    )
    audit.add(session, entry)
    if outcome == "decided":
        _take_effect(session, voted, author, now)
    return voted


def _take_effect(session: Session, review: GuardReview, author: str, now: float) -> None:
    """An approved request has its answer said; one that is rejected goes to a person, who tells the customer why."""
    told = {
        "id": review.id,
        "conversation_id": review.conversation_id,
        "turn_id": review.turn_id,
        "intent": review.rule,
    }
    webhooks.emit(session, _EVENTS[str(review.verdict)], told, now)
    if conversations.get(session, review.conversation_id).status == "ended":
        return
    if review.verdict == "rejected":
        takeovers.take_over(session, review.conversation_id, now)
        return
    said = message("assistant", review.withheld, "output_text")
    conversation_items.add(session, review.conversation_id, [said], now, author=author)
