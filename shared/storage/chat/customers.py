"""Customers: what is remembered of those who consented, and everything of them to be told or deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, update
from sqlmodel import Session, col, select

from shared.errors import InvalidInput, NotFound
from shared.storage.chat import conversation_items
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert, values
from shared.storage.knowledge import catalogs
from shared.storage.tables.catalogs import CatalogEvent
from shared.storage.tables.completions import StoredCompletion
from shared.storage.tables.core import Conversation, Response
from shared.storage.tables.people import Customer

#: What a customer who has not consented, or no longer does, leaves empty.
_NOTHING: Mapping[str, Any] = {"name": None, "language": None, "segment": None, "attributes": {}, "slots": {}}
#: Conversations that are told or deleted in one transaction.
_AT_ONCE = 1_000


def find(session: Session, customer_id: str) -> Customer | None:
    """The customer of that id, or the one that it was merged into."""
    found = session.get(Customer, customer_id)
    if found is not None and found.merged_into is not None:
        return session.get(Customer, found.merged_into)
    return found


def get(session: Session, customer_id: str) -> Customer:
    """The same.

    Raises:
        NotFound: Nobody has told of them.
    """
    found = find(session, customer_id)
    if found is None:
        raise NotFound(f"No customer {customer_id!r}.", param="customer_id")
    return found


def add(session: Session, customer: Customer) -> Customer:
    """Store a customer; one who is there already stays as they are."""
    session.exec(insert(session, Customer).values(values(customer)).on_conflict_do_nothing())
    return get(session, customer.id)


def change(session: Session, customer_id: str, changes: Mapping[str, Any], now: float) -> Customer:
    """Change what is known of a customer who has consented.

    Raises:
        NotFound: There is no such customer.
        InvalidInput: They have not consented.
    """
    known = session.exec(
        update(Customer)
        .where(col(Customer.id) == customer_id, col(Customer.consent_at).is_not(None))
        .values(**changes, updated_at=now, seen_at=now)
    )
    found = get(session, customer_id)
    if not known.rowcount:
        raise InvalidInput(
            "Nothing is remembered of a customer without their consent; send `consent: true` once they gave it.",
            param="consent",
            code="no_consent",
        )
    session.refresh(found)
    return found


def consent(session: Session, customer_id: str, now: float, *, given: bool) -> None:
    """Note a consent, the first time it is given; when it is taken back, forget what was known but the conversations."""
    here = update(Customer).where(col(Customer.id) == customer_id)
    if given:
        session.exec(here.where(col(Customer.consent_at).is_(None)).values(consent_at=now, updated_at=now))
    else:
        session.exec(here.values(consent_at=None, updated_at=now, **_NOTHING))


def page(session: Session, *, key_id: str | None, after: str | None, limit: int) -> Page[Customer]:
    """Customers, newest first: of one key or of all; those that were merged into others are left out."""
    whole: ColumnElement[bool] = col(Customer.merged_into).is_(None)
    where = (whole,) if key_id is None else (whole, col(Customer.key_id) == key_id)
    return read_page(session, Customer, *where, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def conversations_of(
    session: Session, customer_id: str, *, key_id: str | None, after: str | None, limit: int
) -> Page[Conversation]:
    """Their conversations, newest first: those of one key or of all."""
    where = [col(Conversation.customer_id) == customer_id]
    if key_id is not None:
        where.append(col(Conversation.key_id) == key_id)
    return read_page(session, Conversation, *where, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def count_conversations(session: Session, customer_id: str) -> int:
    """How many conversations are theirs."""
    counted = select(func.count()).select_from(Conversation).where(col(Conversation.customer_id) == customer_id)
    return session.exec(counted).one()


def merge(session: Session, into: Customer, other: Customer, now: float) -> Customer:
    """Two customers were one: the conversations of the other become this one's, and what this one lacks is taken over.

    What the other had told is taken over only if both consented.
    """
    session.exec(update(Conversation).where(col(Conversation.customer_id) == other.id).values(customer_id=into.id))
    if into.consent_at is not None and other.consent_at is not None:
        taken = {name: getattr(into, name) or getattr(other, name) for name in ("name", "language", "segment")}
        taken |= {name: getattr(other, name) | getattr(into, name) for name in ("attributes", "slots")}
        session.exec(update(Customer).where(col(Customer.id) == into.id).values(**taken, updated_at=now))
    session.exec(update(Customer).where(col(Customer.merged_into) == other.id).values(merged_into=into.id))
    emptied = update(Customer).where(col(Customer.id) == other.id)
    session.exec(emptied.values(merged_into=into.id, consent_at=None, updated_at=now, **_NOTHING))
    session.refresh(into)
    return into


def forget(session: Session, customer_id: str) -> int:
    """Delete a customer: profile, every word of every conversation, what catalogs know of them. Returns the conversations."""
    names = [customer_id, *session.exec(select(Customer.id).where(col(Customer.merged_into) == customer_id))]
    mine = select(col(Conversation.id)).where(col(Conversation.customer_id).in_(names))
    count = 0
    while some := session.scalars(mine.limit(_AT_ONCE)).all():
        for conversation_id in some:
            conversation_items.forget(session, conversation_id)
        count += len(some)
    for name in names:
        _forget_elsewhere(session, name)
    session.exec(delete(Customer).where(col(Customer.id).in_(names)))
    return count


def _forget_elsewhere(session: Session, customer_id: str) -> None:
    """Answers of language models that were kept for them, and what they did in catalogs."""
    for column in ("user", "safety_identifier"):
        session.exec(delete(Response).where(col(Response.request)[column].as_string() == customer_id))
    session.exec(
        delete(StoredCompletion).where(col(StoredCompletion.user_metadata)["customer"].as_string() == customer_id)
    )
    who = f"u:{customer_id}"
    events = select(col(CatalogEvent.catalog_id)).where(col(CatalogEvent.who) == who).distinct()
    for catalog_id in session.scalars(events).all():
        catalogs.advance(session, catalog_id, anew=True)
        catalogs.forget(session, catalog_id, who)


def unseen(session: Session, since: float, limit: int) -> Sequence[str]:
    """Customers who have said nothing since then, the longest first."""
    old = select(col(Customer.id)).where(col(Customer.seen_at) < since, col(Customer.merged_into).is_(None))
    return session.scalars(old.order_by(col(Customer.seen_at)).limit(limit)).all()
