"""``/v1/customers``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path

from services.gateway.chat.customers import CUSTOMER_ID, may_know
from services.gateway.conversations.messages import all_messages
from services.gateway.conversations.objects import conversation_object
from services.gateway.conversations.schemas import ConversationObject
from services.gateway.customers.schemas import (
    ChangeCustomer,
    CustomerDeleted,
    CustomerExport,
    CustomerObject,
    ExportedConversation,
    MergeCustomers,
)
from services.gateway.feedback.objects import feedback_object
from services.gateway.http.access.auth import AdminCaller, ChatCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.bodies.schemas import Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from shared.errors import InvalidInput, NotFound
from shared.storage.chat import conversation_items, customers
from shared.storage.database.engine import Session
from shared.storage.tables.core import Conversation
from shared.storage.tables.people import Customer
from shared.storage.training import feedback

router = resource("Customers")

CustomerId = Annotated[str, Path(pattern=CUSTOMER_ID, description="As whoever chats for them calls them.")]

#: Conversations of one page of an export, each whole.
_EXPORTED = 20


@router.get("/customers")
def list_customers(state: State, caller: ChatCaller, after: After = None, limit: Limit = 20) -> Listing[CustomerObject]:
    """Customers that your key has told of, newest first; an admin sees all."""
    with state.database.reading() as session:
        page = customers.page(session, key_id=_owner(caller), after=after, limit=limit)
        found = [_object(session, customer) for customer in page.items]
    return Listing[CustomerObject].of(found, has_more=page.has_more)


@router.get("/customers/{customer_id}")
def retrieve(customer_id: CustomerId, state: State, caller: ChatCaller) -> CustomerObject:
    """What is known of a customer."""
    with state.database.reading() as session:
        return _object(session, _mine(session, caller, customer_id))


@router.post("/customers/{customer_id}")
def change(customer_id: CustomerId, body: ChangeCustomer, state: State, caller: ChatCaller) -> CustomerObject:
    """Tell of a customer. Nothing is remembered without their consent, and what was is forgotten when they take it back."""
    now = state.clock()
    with state.database.transaction() as session:
        fresh = Customer(id=customer_id, key_id=caller.key_id, created_at=now, updated_at=now, seen_at=now)
        customer = _known(caller, customers.add(session, fresh))
        if body.consent is not None:
            customers.consent(session, customer.id, now, given=body.consent)
            session.refresh(customer)
        changes = _changes(body, customer)
        if changes:
            customer = customers.change(session, customer.id, changes, now)
        return _object(session, customer)


@router.get("/customers/{customer_id}/conversations")
def list_conversations(
    customer_id: CustomerId, state: State, caller: ChatCaller, after: After = None, limit: Limit = 20
) -> Listing[ConversationObject]:
    """Their conversations, newest first."""
    with state.database.reading() as session:
        page = customers.conversations_of(
            session, _present(session, customer_id), key_id=_owner(caller), after=after, limit=limit
        )
    return Listing[ConversationObject].of([conversation_object(one) for one in page.items], has_more=page.has_more)


@router.get("/customers/{customer_id}/export")
def export(customer_id: CustomerId, state: State, caller: ChatCaller, after: After = None) -> CustomerExport:
    """Everything that is kept of a customer, twenty conversations at a time, newest first."""
    with state.database.reading() as session:
        known = customers.find(session, customer_id)
        here = known.id if known is not None else customer_id
        page = customers.conversations_of(session, here, key_id=_owner(caller), after=after, limit=_EXPORTED)
        mine = known is not None and may_know(caller, known)
        if not mine and not page.items:
            raise NotFound(f"No customer {customer_id!r}.", param="customer_id")
        return CustomerExport(
            id=here,
            customer=_object(session, known) if known is not None and mine else None,
            conversations=[_exported(session, one) for one in page.items],
            has_more=page.has_more,
        )


@router.post("/customers/{customer_id}/merge")
def merge(customer_id: CustomerId, body: MergeCustomers, state: State, _caller: AdminCaller) -> CustomerObject:
    """Two customers were one person: the other's conversations become this one's, and its id means this one from now on."""
    with state.database.transaction() as session:
        into, other = customers.get(session, customer_id), customers.get(session, body.customer)
        if into.id == other.id:
            raise InvalidInput("This is the same customer already.", param="customer")
        return _object(session, customers.merge(session, into, other, state.clock()))


@router.delete("/customers/{customer_id}")
def delete(customer_id: CustomerId, state: State, caller: ChatCaller) -> CustomerDeleted:
    """Delete a customer: what is known, every word of every conversation, kept answers, what catalogs know. It cannot be undone."""
    with state.database.transaction() as session:
        known = customers.find(session, customer_id)
        if known is None and not caller.may("admin"):
            raise NotFound(f"No customer {customer_id!r}.", param="customer_id")
        here = _known(caller, known).id if known is not None else customer_id
        return CustomerDeleted(id=here, conversations=customers.forget(session, here))


def _owner(caller: Caller) -> str | None:
    return None if caller.may("admin") else caller.key_id


def _known(caller: Caller, customer: Customer) -> Customer:
    """A customer, if the caller may know them; whether there is somebody else's is not told."""
    if not may_know(caller, customer):
        raise NotFound(f"No customer {customer.id!r}.", param="customer_id")
    return customer


def _mine(session: Session, caller: Caller, customer_id: str) -> Customer:
    return _known(caller, customers.get(session, customer_id))


def _present(session: Session, customer_id: str) -> str:
    found = customers.find(session, customer_id)
    return found.id if found is not None else customer_id


def _changes(body: ChangeCustomer, customer: Customer) -> dict[str, Any]:
    given = body.model_fields_set - {"consent"}
    changes: dict[str, Any] = {name: getattr(body, name) for name in given}
    if "attributes" in given:
        told: dict[str, str | None] = {} if body.attributes is None else {**customer.attributes, **body.attributes}
        changes["attributes"] = {name: value for name, value in told.items() if value is not None}
    if "slots" in given:
        changes["slots"] = body.slots or {}
    return changes


def _object(session: Session, customer: Customer) -> CustomerObject:
    return CustomerObject(
        id=customer.id,
        created_at=int(customer.created_at),
        seen_at=int(customer.seen_at),
        consented_at=int(customer.consent_at) if customer.consent_at is not None else None,
        name=customer.name,
        language=customer.language,
        segment=customer.segment,
        attributes=customer.attributes,
        slots=customer.slots,
        conversations=customers.count_conversations(session, customer.id),
    )


def _exported(session: Session, conversation: Conversation) -> ExportedConversation:
    turns = conversation_items.turns(session, conversation.id)
    return ExportedConversation(
        conversation=conversation_object(conversation),
        messages=all_messages(turns, conversation_items.all(session, conversation.id)),
        feedback=[feedback_object(given) for given in feedback.of_conversation(session, conversation.id)],
    )
