"""A stored turn as it came, so that it can be read and decided once more."""

from __future__ import annotations

from services.gateway.chat.lookup import ConversationLookup
from services.gateway.http.access.keyring import Caller
from shared.contracts.chat.explanations import ExplainTurn
from shared.contracts.chat.turns import DialogueState, TurnReceived
from shared.dialogue.handover import released
from shared.errors import InvalidInput, NotFound
from shared.storage.database.engine import Database
from shared.storage.tables.core import Turn


def stored_turn(
    database: Database, lookup: ConversationLookup, caller: Caller, conversation_id: str, turn_id: str
) -> tuple[Turn, ExplainTurn]:
    """A turn of a conversation, and the question why.

    Raises:
        NotFound: There is no such turn, or it is somebody else's.
        InvalidInput: Its model understands no texts.
    """
    with database.reading() as session:
        turn = session.get(Turn, turn_id)
    if turn is None or turn.conversation_id != conversation_id:
        raise NotFound(f"No turn {turn_id!r} in conversation {conversation_id!r}.", param="turn_id")
    before = lookup.before_turn(caller, turn)
    if not turn.model_id:
        raise InvalidInput("No model has read this turn.", param="turn_id")
    question = TurnReceived(
        turn_id=turn.id,
        conversation_id=turn.conversation_id,
        text=turn.user_text,
        history=before.history,
        state=_as_it_was(before.conversation.state, turn),
        received_at=turn.created_at,
    )
    return turn, ExplainTurn(
        turn=question,
        model=turn.model_id,
        bot_version=turn.bot_version,
        answered_by=turn.answer.kind,
        reasons=turn.answer.reasons,
    )


def _as_it_was(state: DialogueState, turn: Turn) -> DialogueState:
    """The state that the turn before left, given to a person or back to the bot in between if that is what the answer shows."""
    by_person = turn.answer.kind == "silent"
    if state.handed_over and not by_person:
        return released(state)
    return state.model_copy(update={"handed_over": by_person})
