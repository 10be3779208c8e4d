"""Conversations and their turns.

Gateway replicas do not lock each other out: a turn is stored only if the conversation still has as many turns as
when its state was read. Who comes second is told so, reads the new state and tries again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import case, literal, text, tuple_, update
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Session, col, select

from shared.contracts.chat.turns import DialogueState, PastTurn
from shared.errors import Conflict, InvalidInput, NotFound
from shared.storage import webhooks
from shared.storage.chat import guards
from shared.storage.database.columns import JsonValue
from shared.storage.database.paging import Order, Page, read_page
from shared.storage.database.statements import ids_among, insert_rows
from shared.storage.database.texts import dump_json
from shared.storage.tables.core import Conversation, ConversationStatus, Turn
from shared.storage.tables.people import MOST_SLOTS, Customer


def add(session: Session, *conversations: Conversation) -> None:
    """Store new conversations, in one statement."""
    insert_rows(session, conversations)


def get(session: Session, conversation_id: str) -> Conversation:
    """The conversation.

    Raises:
        NotFound: There is no such conversation.
    """
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFound(f"No conversation {conversation_id!r}.", param="conversation_id")
    return conversation


def page(
    session: Session,
    *,
    key_id: str | None = None,
    status: ConversationStatus | None = None,
    after: str | None = None,
    limit: int = 20,
) -> Page[Conversation]:
    """Conversations, newest first: of one API key or of all, of one status or of all."""
    where = [
        column == value
        for column, value in ((col(Conversation.key_id), key_id), (col(Conversation.status), status))
        if value is not None
    ]
    return read_page(session, Conversation, *where, keys=("created_at", "id"), after=after, limit=limit, order="desc")


def set_metadata(
    session: Session, conversation_id: str, metadata: Mapping[str, str], customer_id: str | None = None
) -> Conversation:
    """Replace what a client keeps with a conversation, and whose it is if that is told.

    Raises:
        NotFound: There is no such conversation.
    """
    changes: dict[str, Any] = {"user_metadata": dict(metadata)}
    if customer_id is not None:
        changes["customer_id"] = customer_id
    session.exec(update(Conversation).where(col(Conversation.id) == conversation_id).values(**changes))
    return get(session, conversation_id)


def end(session: Session, conversation_id: str, now: float) -> Conversation:
    """Let no more turns in; a second time changes nothing.

    Raises:
        NotFound: There is no such conversation.
    """
    session.exec(
        update(Conversation)
        .where(col(Conversation.id) == conversation_id, col(Conversation.status) != "ended")
        .values(status="ended", ended_at=now)
    )
    return get(session, conversation_id)


def release(session: Session, conversation_id: str) -> Conversation:
    """Give a conversation that a person has taken over back to the bot, which begins anew to count what went wrong.

    Raises:
        NotFound: There is no such conversation.
        Conflict: No person has taken it over, it has ended, or a turn came in between.
    """
    conversation = get(session, conversation_id)
    state = conversation.state.model_copy(update={"handed_over": False, "anger": 0, "failures": 0, "last_at": 0.0})
    released = session.exec(
        update(Conversation)
        .where(
            col(Conversation.id) == conversation_id,
            col(Conversation.turns) == conversation.turns,
            col(Conversation.status) == "handed_over",
        )
        .values(status="open", state=state)
    )
    if not released.rowcount:
        raise Conflict(
            f"Conversation {conversation_id!r} is not in the hands of a person (its status is {conversation.status!r}); there is nothing to "
            "give back. If a message came this very moment, try again.",
            param="conversation_id",
        )
    session.expire(conversation)
    return get(session, conversation_id)


def store_turns(
    session: Session, turns: Sequence[Turn], begun: Mapping[str, Conversation] = MappingProxyType({})
) -> set[str]:
    """Store turns, each as number ``position`` (from 0) of its conversation: four statements, however many they are.

    Args:
        session: The open transaction.
        turns: At most one of each conversation is stored, the first.
        begun: Conversations by id that are stored with their first turn, since they are new.

    Returns:
        The ids of those that were stored. Of the others nothing was: another turn of the conversation came first, the
        conversation has ended, or the idempotency key was used before.
    """
    fit = _fitting(session, turns)
    advanced = _advance(session, [turn for turn in fit if turn.conversation_id not in begun])
    add(session, *(_after(begun[turn.conversation_id], turn) for turn in fit if turn.conversation_id in begun))
    stored = [turn for turn in fit if turn.conversation_id in advanced or turn.conversation_id in begun]
    insert_rows(session, stored)
    guards.add(session, stored)
    for turn in stored:
        if turn.state.customer:
            _remember(session, turn)
        if turn.answer.handover is not None:
            told = {"id": turn.conversation_id, "turn_id": turn.id, "reason": turn.answer.handover}
            webhooks.emit(session, "conversation.handed_over", told, turn.created_at)
    return {turn.id for turn in stored}


def _remember(session: Session, turn: Turn) -> None:
    """Keep, of a customer who still consents, the values known after a turn: the state holds only what the bot file remembers."""
    customer = session.get(Customer, turn.state.customer["id"])
    if customer is None or customer.consent_at is None:
        return
    kept = dict(list((customer.slots | turn.state.slots).items())[-MOST_SLOTS:])
    session.exec(
        update(Customer)
        .where(col(Customer.id) == customer.id, col(Customer.consent_at).is_not(None))
        .values(slots=kept, seen_at=turn.created_at)
    )


def _after(conversation: Conversation, turn: Turn) -> Conversation:
    """A new conversation as its first turn leaves it."""
    return conversation.model_copy(
        update={"turns": 1, "state": turn.state, "status": "handed_over" if turn.state.handed_over else "open"}
    )


def _fitting(session: Session, turns: Sequence[Turn]) -> list[Turn]:
    """The first turn of each conversation, without those whose idempotency key is used, here or in the table."""
    used = _used_keys(session, turns)
    taken: set[str] = set()
    fit = []
    for turn in turns:
        key = (turn.key_id, turn.idempotency_key)
        if turn.conversation_id in taken or key in used:
            continue
        fit.append(turn)
        taken.add(turn.conversation_id)
        if turn.idempotency_key is not None:
            used.add(key)
    return fit


def _used_keys(session: Session, turns: Sequence[Turn]) -> set[tuple[str, str | None]]:
    keys = [(turn.key_id, turn.idempotency_key) for turn in turns if turn.idempotency_key is not None]
    if not keys:
        return set()
    pair = (col(Turn.key_id), col(Turn.idempotency_key))
    return set(session.exec(select(*pair).where(tuple_(*pair).in_(keys))))


def _advance(session: Session, turns: Sequence[Turn]) -> set[str]:
    return set(session.scalars(_advancing(turns))) if turns else set()


def _advancing(turns: Sequence[Turn]) -> ReturningUpdate[str]:
    here = col(Conversation.id)
    states = {turn.conversation_id: literal(turn.state, JsonValue(DialogueState)) for turn in turns}
    handed_over = [turn.conversation_id for turn in turns if turn.state.handed_over]
    return (
        update(Conversation)
        .where(
            tuple_(here, col(Conversation.turns)).in_([(turn.conversation_id, turn.position) for turn in turns]),
            col(Conversation.status) != "ended",
        )
        .values(
            turns=col(Conversation.turns) + 1,
            state=case(states, value=here),
            status=case((here.in_(handed_over), "handed_over"), else_="open"),
        )
        .returning(here)
    )


def latest_words(session: Session, conversation_id: str, count: int, *, until: int | None = None) -> list[PastTurn]:
    """What was said in the last ``count`` turns (up to position ``until``), oldest first, without the rest of their rows."""
    newest_first = (
        select(col(Turn.user_text), col(Turn.answer))
        .where(col(Turn.conversation_id) == conversation_id)
        .order_by(col(Turn.position).desc())
    )
    if until is not None:
        newest_first = newest_first.where(col(Turn.position) <= until)
    rows = session.exec(newest_first.limit(count)).all()
    return [PastTurn(user=user_text, answer=answer.text) for user_text, answer in reversed(rows)]


def turns(
    session: Session, conversation_id: str, *, after: str | None = None, limit: int = 20, order: Order = "asc"
) -> Page[Turn]:
    """The turns of a conversation, oldest first unless told otherwise."""
    mine = col(Turn.conversation_id) == conversation_id
    return read_page(session, Turn, mine, keys=("position",), after=after, limit=limit, order=order)


def turns_from(session: Session, conversation_id: str, first: int, limit: int) -> Sequence[Turn]:
    """The turns of a conversation from number ``first`` on, oldest first."""
    here = (col(Turn.conversation_id) == conversation_id, col(Turn.position) >= first)
    return session.exec(select(Turn).where(*here).order_by(col(Turn.position)).limit(limit)).all()


def turn(session: Session, conversation_id: str, turn_id: str) -> Turn:
    """A turn of a conversation.

    Raises:
        InvalidInput: There is none of this id to continue after.
    """
    found = session.get(Turn, turn_id)
    if found is None or found.conversation_id != conversation_id:
        raise InvalidInput(f"There is no {turn_id!r} to continue after; take the id of the last item.", param="after")
    return found


def by_digest(session: Session, key_id: str, digest: str) -> tuple[Turn, Conversation] | None:
    """The newest turn of this API key with this digest, and its conversation.

    It is still the last one if ``turn.position + 1 == conversation.turns``.
    """
    statement = (
        select(Turn, Conversation)
        .join(Conversation, col(Conversation.id) == col(Turn.conversation_id))
        .where(col(Turn.key_id) == key_id, col(Turn.digest) == digest)
        .order_by(col(Turn.created_at).desc(), col(Turn.id))
    )
    return session.exec(statement.limit(1)).one_or_none()


def by_idempotency_key(session: Session, key_id: str, idempotency_key: str) -> Turn | None:
    """The turn that this API key has stored with this idempotency key."""
    mine = (col(Turn.key_id) == key_id, col(Turn.idempotency_key) == idempotency_key)
    return session.exec(select(Turn).where(*mine)).one_or_none()


def unobserved(session: Session, older_than: float, limit: int) -> list[Turn]:
    """Turns stored before ``older_than`` whose sentiment is still to be told, oldest first."""
    owed = (col(Turn.observed_at).is_(None), col(Turn.created_at) < older_than)
    return list(session.exec(select(Turn).where(*owed).order_by(col(Turn.created_at)).limit(limit)))


def mark_observed(session: Session, turn_ids: Sequence[str], now: float) -> None:
    """Note that the sentiment of these turns was told, after the broker has confirmed it."""
    named = ids_among(session, "id")
    statement = text(f"UPDATE {Turn.__tablename__} SET observed_at = :now WHERE {named}")  # noqa: S608  # names of ours
    session.connection().execute(statement, {"now": now, "ids": dump_json(list(turn_ids))})
