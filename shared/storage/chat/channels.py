"""Channels, their threads, and messages in and out: ``pending -> done | failed``.

A message is stored once for each id that its channel gave it. The messages of a thread are worked at in order, one at a time each
way; whoever does holds it for a while, and another goes on if nothing is heard of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import exists, func, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from shared.contracts.channels import CustomerChannel
from shared.errors import NotFound
from shared.storage.database.paging import Page, read_page
from shared.storage.database.statements import insert
from shared.storage.tables.channels import Channel, ChannelMessage, ChannelMessageStatus, ChannelThread, Direction
from shared.storage.tables.core import Conversation, ConversationItem


def get(session: Session, channel_id: str) -> Channel:
    """The channel.

    Raises:
        NotFound: There is none of that id.
    """
    found = session.exec(select(Channel).where(col(Channel.id) == channel_id)).one_or_none()
    if found is None:
        raise _missing(channel_id)
    return found


def put(session: Session, channel_id: str, setting: CustomerChannel, *, key_id: str, now: float) -> Channel:
    """Make a channel, or give one another setting."""
    new = {"setting": setting, "updated_at": now}
    session.exec(
        insert(session, Channel)
        .values(id=channel_id, created_at=now, key_id=key_id, **new)
        .on_conflict_do_update(index_elements=["id"], set_=new)
    )
    session.expire_all()
    return get(session, channel_id)


def page(session: Session, *, after: str | None = None, limit: int = 20) -> Page[Channel]:
    """Channels by name."""
    return read_page(session, Channel, keys=("id",), after=after, limit=limit, order="asc")


def remove(session: Session, channel_id: str) -> None:
    """Forget a channel with its threads and messages; the conversations stay.

    Raises:
        NotFound: There is none of that id.
    """
    session.exec(delete_from(ChannelMessage).where(col(ChannelMessage.channel_id) == channel_id))
    session.exec(delete_from(ChannelThread).where(col(ChannelThread.channel_id) == channel_id))
    if session.exec(delete_from(Channel).where(col(Channel.id) == channel_id)).rowcount == 0:
        raise _missing(channel_id)


def note(session: Session, channel_id: str, problem: str | None, now: float) -> None:
    """How the last delivery went."""
    changes: dict[str, Any] = {"problem": problem} | ({} if problem else {"delivered_at": now})
    session.exec(update(Channel).where(col(Channel.id) == channel_id).values(**changes))


def trouble(session: Session, channel_id: str, problem: str | None) -> None:
    """Why a channel cannot be read; ``None``: it can."""
    session.exec(update(Channel).where(col(Channel.id) == channel_id).values(problem=problem))


def begin_fetch(session: Session, *, kinds: Collection[str], now: float, hold: float) -> list[Channel]:
    """Take the channels of these kinds from which it is time to fetch; others may after ``hold`` seconds."""
    due = session.exec(select(Channel).where(col(Channel.next_fetch_at) <= now)).all()
    return [one for one in due if one.setting.root.type in kinds and _fetch_next(session, one, now, now + hold)]


def finish_fetch(session: Session, held: Channel, cursor: Mapping[str, Any], next_at: float) -> bool:
    """Note how far a channel was read; ``False`` if another process fetches from it by now, and nothing was changed."""
    mine = (col(Channel.id) == held.id, col(Channel.next_fetch_at) == held.next_fetch_at)
    values = {"cursor": dict(cursor), "next_fetch_at": next_at}
    return session.exec(update(Channel).where(*mine).values(**values)).rowcount == 1


def _fetch_next(session: Session, due: Channel, now: float, until: float) -> bool:
    mine = (col(Channel.id) == due.id, col(Channel.next_fetch_at) <= now)
    taken = session.exec(update(Channel).where(*mine).values(next_fetch_at=until)).rowcount == 1
    session.refresh(due)
    return taken


def came_since(session: Session, channel_id: str, sender: str, since: float) -> int:
    """How many messages came in the threads of a sender, whose names begin with it, since a time."""
    mine = (
        col(ChannelMessage.channel_id) == channel_id,
        col(ChannelMessage.direction) == "in",
        col(ChannelMessage.thread).startswith(sender, autoescape=True),
        col(ChannelMessage.created_at) >= since,
    )
    return session.exec(select(func.count()).select_from(ChannelMessage).where(*mine)).one()


def reply_with(session: Session, channel_id: str, name: str, reply: Mapping[str, Any]) -> None:
    """Note what answers to a thread need from now on."""
    mine = (col(ChannelThread.channel_id) == channel_id, col(ChannelThread.thread) == name)
    session.exec(update(ChannelThread).where(*mine).values(reply=dict(reply)))


def take_in(session: Session, messages: Sequence[ChannelMessage]) -> int:
    """Store messages that are not there yet; returns how many were new."""
    stored = 0
    for message in messages:
        values = {name: getattr(message, name) for name in ChannelMessage.model_fields if name != "seq"}
        statement = insert(session, ChannelMessage).values(**values).on_conflict_do_nothing()
        stored += session.exec(statement).rowcount
    return stored


def thread(session: Session, channel_id: str, name: str) -> ChannelThread | None:
    """The thread, if anything was said in it."""
    mine = (col(ChannelThread.channel_id) == channel_id, col(ChannelThread.thread) == name)
    return session.exec(select(ChannelThread).where(*mine)).one_or_none()


def attach(session: Session, new: ChannelThread) -> bool:
    """Make the thread's messages those of a conversation from now on; ``False``: another process did so first, and nothing was changed."""
    before = thread(session, new.channel_id, new.thread)
    values = {name: getattr(new, name) for name in ChannelThread.model_fields}
    if before is None:
        statement = insert(session, ChannelThread).values(**values).on_conflict_do_nothing()
        return session.exec(statement).rowcount == 1
    mine = (
        col(ChannelThread.channel_id) == new.channel_id,
        col(ChannelThread.thread) == new.thread,
        col(ChannelThread.conversation_id) == before.conversation_id,
    )
    return session.exec(update(ChannelThread).where(*mine).values(**values)).rowcount == 1


def behind(session: Session, conversation_ids: Collection[str] | None, limit: int) -> list[ChannelThread]:
    """Threads of whose conversations not all was passed on: among these, or among all."""
    item = exists().where(
        col(ConversationItem.conversation_id) == col(ChannelThread.conversation_id),
        col(ConversationItem.seq) > col(ChannelThread.told_item),
    )
    where = [
        or_(
            col(Conversation.turns) > col(ChannelThread.told_turns),
            col(Conversation.status) != col(ChannelThread.told_status),
            item,
        )
    ]
    if conversation_ids is not None:
        where.append(col(ChannelThread.conversation_id).in_(conversation_ids))
    joined = select(ChannelThread).join(Conversation, col(Conversation.id) == col(ChannelThread.conversation_id))
    return list(session.exec(joined.where(*where).limit(limit)))


def advance(session: Session, before: ChannelThread, *, turns: int, item: int, status: str) -> bool:
    """Note how much was passed on; ``False`` if another process did so first, and nothing was changed."""
    same = (
        col(ChannelThread.channel_id) == before.channel_id,
        col(ChannelThread.thread) == before.thread,
        col(ChannelThread.conversation_id) == before.conversation_id,
        col(ChannelThread.told_turns) == before.told_turns,
        col(ChannelThread.told_item) == before.told_item,
        col(ChannelThread.told_status) == before.told_status,
    )
    values = {"told_turns": turns, "told_item": item, "told_status": status}
    return session.exec(update(ChannelThread).where(*same).values(**values)).rowcount == 1


def claim(session: Session, direction: Direction, *, token: str, now: float, hold: float) -> ChannelMessage | None:
    """Take the next message of a thread in which nobody works that way; ``None``: there is none."""
    earlier = aliased(ChannelMessage)
    waits = exists().where(
        col(earlier.channel_id) == col(ChannelMessage.channel_id),
        col(earlier.thread) == col(ChannelMessage.thread),
        col(earlier.direction) == direction,
        col(earlier.status) == "pending",
        col(earlier.seq) < col(ChannelMessage.seq),
    )
    due = (
        select(ChannelMessage.seq)
        .where(
            col(ChannelMessage.direction) == direction,
            col(ChannelMessage.status) == "pending",
            col(ChannelMessage.next_at) <= now,
            ~waits,
        )
        .order_by(col(ChannelMessage.next_at), col(ChannelMessage.seq))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(
        update(ChannelMessage)
        .where(col(ChannelMessage.seq).in_(due), col(ChannelMessage.next_at) <= now)
        .values(token=token, next_at=now + hold, attempts=col(ChannelMessage.attempts) + 1)
        .returning(ChannelMessage)
    ).one_or_none()


def finish(
    session: Session, held: ChannelMessage, status: ChannelMessageStatus, now: float, problem: str | None = None
) -> bool:
    """End a message; ``False`` if it is no longer held, and nothing was changed."""
    done: dict[str, Any] = {"content": {}} if status == "done" else {}  # the words stand in the conversation
    return _settle(session, held, {"status": status, "finished_at": now, "problem": problem, **done})


def postpone(session: Session, held: ChannelMessage, next_at: float, problem: str, *, taken: int = 0) -> bool:
    """Have a message tried again, from the piece after those that were taken; ``False`` if it is no longer held, and nothing was changed."""
    kept: dict[str, Any] = {"content": {**held.content, "taken": taken}} if taken else {}
    return _settle(session, held, {"next_at": next_at, "problem": problem, **kept})


def messages(session: Session, channel_id: str, *, after: str | None = None, limit: int = 20) -> list[ChannelMessage]:
    """What came and went, newest first; ``after`` is the ``seq`` of the last one seen."""
    where = [col(ChannelMessage.channel_id) == channel_id]
    if after is not None and after.isascii() and after.isdigit():
        where.append(col(ChannelMessage.seq) < int(after[:18]))
    newest = select(ChannelMessage).where(*where).order_by(col(ChannelMessage.seq).desc())
    return list(session.exec(newest.limit(limit)))


def waiting(session: Session) -> int:
    """Messages that are not settled yet."""
    return session.exec(
        select(func.count()).select_from(ChannelMessage).where(col(ChannelMessage.status) == "pending")
    ).one()


def forget(session: Session, conversation_id: str) -> None:
    """Delete what came and is to go of a conversation that is deleted, and that it was one."""
    mine = select(ChannelThread).where(col(ChannelThread.conversation_id) == conversation_id)
    for found in session.exec(mine).all():
        theirs = (col(ChannelMessage.channel_id) == found.channel_id, col(ChannelMessage.thread) == found.thread)
        session.exec(delete_from(ChannelMessage).where(*theirs))
    session.exec(delete_from(ChannelThread).where(col(ChannelThread.conversation_id) == conversation_id))


def prune(session: Session, before: float) -> int:
    """Forget messages that were settled before a time; returns how many."""
    return session.exec(delete_from(ChannelMessage).where(col(ChannelMessage.finished_at) < before)).rowcount


def _settle(session: Session, held: ChannelMessage, changes: Mapping[str, Any]) -> bool:
    mine = (
        col(ChannelMessage.seq) == held.seq,
        col(ChannelMessage.token) == held.token,
        col(ChannelMessage.status) == "pending",
    )
    return session.exec(update(ChannelMessage).where(*mine).values(token=None, **changes)).rowcount == 1


def _missing(channel_id: str) -> NotFound:
    return NotFound(f"No channel {channel_id!r}.", param="channel_id")
