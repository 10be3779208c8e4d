"""What colleagues write down about conversations."""

from __future__ import annotations

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from shared.errors import InvalidInput, NotFound
from shared.storage.tables.people import ConversationNote

#: Notes of one conversation.
MOST = 200


def add(session: Session, note: ConversationNote) -> None:
    """Store a note.

    Raises:
        InvalidInput: The conversation has so many already.
    """
    mine = col(ConversationNote.conversation_id) == note.conversation_id
    if session.exec(select(func.count()).select_from(ConversationNote).where(mine)).one() >= MOST:
        raise InvalidInput(f"A conversation has {MOST} notes at most; delete one.", param="text")
    session.add(note)
    session.flush()


def all(session: Session, conversation_id: str) -> list[ConversationNote]:  # noqa: A001  # read as notes.all
    """Every note of a conversation, oldest first."""
    mine = select(ConversationNote).where(col(ConversationNote.conversation_id) == conversation_id)
    return list(session.exec(mine.order_by(col(ConversationNote.created_at), col(ConversationNote.id))))


def remove(session: Session, conversation_id: str, note_id: str) -> None:
    """Delete one.

    Raises:
        NotFound: The conversation has none of that id.
    """
    mine = (col(ConversationNote.conversation_id) == conversation_id, col(ConversationNote.id) == note_id)
    if not session.exec(delete(ConversationNote).where(*mine)).rowcount:
        raise NotFound(f"No note {note_id!r} of this conversation.", param="note_id")
