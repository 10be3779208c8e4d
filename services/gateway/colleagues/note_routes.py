"""``/v1/conversations/{id}/notes``: what colleagues write down for each other; no customer's page tells it."""

from __future__ import annotations

from services.gateway.chat.lookup import check_owner
from services.gateway.colleagues.schemas import NoteObject, Notes, WriteNote
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.bodies.schemas import Deleted
from services.gateway.http.router import resource
from services.gateway.state import State
from shared.storage import keys
from shared.storage.chat import conversations, notes
from shared.storage.database.identity import new_id
from shared.storage.tables.people import ConversationNote

router = resource("Conversations")


@router.post("/conversations/{conversation_id}/notes")
def write(conversation_id: str, body: WriteNote, state: State, caller: ChatCaller) -> NoteObject:
    """Write a note."""
    with state.database.transaction() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        note = ConversationNote(
            id=new_id("note_"),
            conversation_id=conversation_id,
            created_at=state.clock(),
            author=body.author or keys.get(session, caller.key_id).name,
            text=body.text,
        )
        notes.add(session, note)
        return _object(note)


@router.get("/conversations/{conversation_id}/notes")
def list_notes(conversation_id: str, state: State, caller: ChatCaller) -> Notes:
    """Every note, oldest first."""
    with state.database.reading() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        return Notes(data=[_object(note) for note in notes.all(session, conversation_id)])


@router.delete("/conversations/{conversation_id}/notes/{note_id}")
def delete(conversation_id: str, note_id: str, state: State, caller: ChatCaller) -> Deleted:
    """Delete a note."""
    with state.database.transaction() as session:
        check_owner(caller, conversations.get(session, conversation_id))
        notes.remove(session, conversation_id, note_id)
    return Deleted(id=note_id, object="conversation.note.deleted")


def _object(note: ConversationNote) -> NoteObject:
    return NoteObject(id=note.id, created_at=int(note.created_at), author=note.author, text=note.text)
