"""What a customer says, from the words to the stored turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.gateway.attachments.hearing import heard
from services.gateway.attachments.parts import Picture, Sound
from services.gateway.chat.live import LiveTurn
from services.gateway.chat.turns import Utterance
from services.gateway.http.access.keyring import Caller
from services.gateway.live.frames import DeltaFrame, Say
from services.gateway.live.objects import idempotency_key
from services.gateway.state import AppState
from shared.errors import NotFound, ParleyError
from shared.storage.tables.core import Turn


async def spoken(state: AppState, caller: Caller, conversation_id: str, say: Say) -> AsyncIterator[DeltaFrame | Turn]:
    """The words of the answer as they are written, if a language model writes them, and then the stored turn.

    Said again under the same id it is not answered anew. A turn that has begun is stored whoever stops listening.

    Raises:
        ParleyError: It was not answered.
    """
    if caller.conversation_id not in (None, conversation_id):  # before any look at what was answered already
        raise NotFound(f"No conversation {conversation_id!r}.", param="conversation_id")
    said = await _said(state, caller, conversation_id, say)
    live = LiveTurn.begin(
        lambda listener: state.turns.answer(
            caller, said, lambda: state.conversations.in_conversation(caller, conversation_id), listener
        )
    )
    async for event in live.events():
        if isinstance(event, ParleyError):
            raise event
        if isinstance(event, Turn):
            yield event
        elif event:
            yield DeltaFrame(say=say.id, text=event)


async def _said(state: AppState, caller: Caller, conversation_id: str, say: Say) -> Utterance:
    """The words, written and spoken, and what stands in a picture."""
    text = await heard(state.audio, say.content, [Sound(data=say.sound)], "sound") if say.sound else say.content
    pictures = [Picture(url=say.picture)] if say.picture else []
    return Utterance(
        text,
        idempotency_key(conversation_id, say.id),
        conversation_id=conversation_id,
        attachments=await state.attachments.read(caller, pictures, "picture"),
    )
