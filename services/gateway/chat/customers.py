"""Whose conversation it is, and what it begins with of what is remembered of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.gateway.http.access.keyring import Caller
from shared.contracts.chat.turns import DialogueState
from shared.storage.chat import customers
from shared.storage.database.engine import Session
from shared.storage.tables.core import Conversation
from shared.storage.tables.people import Customer

#: What may be the id of a customer: what can stand in an address.
CUSTOMER_ID = r"^[^/\x00-\x1f]{1,256}$"
_ID = re.compile(CUSTOMER_ID)
#: Of the metadata of a conversation.
METADATA_KEY = "customer"


def named(metadata: Mapping[str, str] | None, user: str | None = None, safety_identifier: object = None) -> str | None:
    """The customer of a request: by the conversation's metadata, else by ``user``, else by ``safety_identifier``."""
    for name in ((metadata or {}).get(METADATA_KEY), user, safety_identifier):
        if isinstance(name, str) and _ID.fullmatch(name):
            return name
    return None


def may_know(caller: Caller, customer: Customer) -> bool:
    """Whether a key may know what is remembered of a customer: its own, and admins all."""
    return customer.key_id == caller.key_id or caller.may("admin")


def first_state(session: Session, caller: Caller, customer_id: str | None) -> tuple[str | None, DialogueState]:
    """The customer's present id, and the state that a new conversation of theirs begins with.

    Nothing of one who has not consented, and nothing of somebody else's customer.
    """
    customer = customers.find(session, customer_id) if customer_id is not None else None
    if customer is None or not may_know(caller, customer):
        return customer_id, DialogueState()
    if customer.consent_at is None:
        return customer.id, DialogueState()
    return customer.id, DialogueState(slots=dict(customer.slots), customer=facts(customer))


def consented(session: Session, conversation: Conversation) -> Conversation:
    """The conversation, which knows nothing more of its customer if they took their consent back meanwhile."""
    known = conversation.state.customer.get("id")
    if known is None:
        return conversation
    customer = customers.find(session, known)
    if customer is not None and customer.consent_at is not None:
        return conversation
    return conversation.model_copy(update={"state": conversation.state.model_copy(update={"customer": {}})})


def facts(customer: Customer) -> dict[str, str]:
    """What templates may say of a customer; attributes never hide the fields."""
    told = {"name": customer.name, "language": customer.language, "segment": customer.segment}
    return {**customer.attributes, **{name: value for name, value in told.items() if value}, "id": customer.id}
