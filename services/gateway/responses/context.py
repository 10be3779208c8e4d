"""What was said before: the conversation that a response continues, or the responses before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.gateway.chat.lookup import check_owner
from services.gateway.conversations.items import of_turn
from services.gateway.http.access.keyring import Caller
from services.gateway.responses.schemas import MAX_INPUT, Prompt
from shared.contracts.chat.generation import ChatMessage, ToolCall
from shared.errors import InvalidInput, NotFound
from shared.storage.chat import conversation_items, conversations, responses
from shared.storage.database.engine import Session
from shared.storage.tables.core import Response, Turn

#: Responses that one may follow on.
MAX_CHAIN = 200

Items = list[dict[str, Any]]


def owned(session: Session, caller: Caller, response_id: str, param: str = "response_id") -> Response:
    """A response of the caller's; admins see all.

    Raises:
        NotFound: There is none, or it is somebody else's.
    """
    found = responses.find(session, response_id)
    if found is None or (found.key_id != caller.key_id and not caller.may("admin")):
        raise NotFound(f"No response {response_id!r}.", param=param)
    return found


def said_before(session: Session, caller: Caller, prompt: Prompt) -> Items:
    """The items before those of a request, oldest first.

    Raises:
        NotFound: What is to be continued is not there.
        InvalidInput: It is too long.
    """
    if prompt.conversation_id is not None:
        check_owner(caller, conversations.get(session, prompt.conversation_id))
        found = of_conversation(session, prompt.conversation_id)
    elif prompt.previous_response_id is not None:
        found = chain(session, caller, prompt.previous_response_id)
    else:
        return []
    if sum(len(str(item)) for item in found) > MAX_INPUT:
        raise InvalidInput(f"What was said before has more than {MAX_INPUT} characters; begin anew.", param="input")
    return found


def of_conversation(session: Session, conversation_id: str, until: int | None = None) -> Items:
    """Turns and items of a conversation in their order; ``until``: the position of the last turn."""
    said = conversation_items.all(session, conversation_id)
    turns = conversation_items.turns(session, conversation_id)
    keyed = [((row.after_turns, 0), {"id": row.id, **row.item}) for row in said]
    keyed += [((turn.position, 1), item) for turn in turns for item in of_turn(turn)]
    keyed.sort(key=lambda pair: pair[0])
    return [item for (position, _), item in keyed if until is None or position <= until]


def chain(session: Session, caller: Caller, response_id: str) -> Items:
    """What a response was asked and answered, after all that it followed on itself."""
    parts: list[Items] = []
    following: str | None = response_id
    while following is not None:
        if len(parts) == MAX_CHAIN:
            raise InvalidInput(
                f"More than {MAX_CHAIN} responses follow on one another; send the history, or use a conversation.",
                param="previous_response_id",
            )
        row = owned(session, caller, following, "previous_response_id")
        turn = responses.turn_of(session, row)
        if turn is not None:
            parts.append(of_conversation(session, turn.conversation_id, turn.position))
            break
        if row.conversation_id is not None:
            parts.append(of_conversation(session, row.conversation_id))
            break
        parts.append([*row.input, *_finished(row)])
        following = row.previous_response_id
    return [item for part in reversed(parts) for item in part]


def turn_before(session: Session, caller: Caller, response_id: str) -> Turn | None:
    """The turn that a bot is to go on from, if a bot has answered that response."""
    row = owned(session, caller, response_id, "previous_response_id")
    _finished(row)
    return responses.turn_of(session, row)


def _finished(row: Response) -> Items:
    if row.status in responses.UNFINISHED:
        raise InvalidInput(
            f"{row.id} is not finished; wait until its status is 'completed'.", param="previous_response_id"
        )
    return row.output or []


def chat_messages(instructions: str | None, items: Sequence[Mapping[str, Any]]) -> Iterator[ChatMessage]:
    """Items as a language model reads them: calls that follow one another belong to what the assistant said before them."""
    if instructions:
        yield ChatMessage(role="system", content=instructions)
    spoken: ChatMessage | None = None
    for item in items:
        if item["type"] == "function_call":
            call = ToolCall(id=item["call_id"], name=item["name"], arguments=item["arguments"])
            spoken = spoken or ChatMessage(role="assistant", content="")
            spoken = spoken.model_copy(update={"tool_calls": (*spoken.tool_calls, call)})
            continue
        if spoken is not None:
            yield spoken
            spoken = None
        if item["type"] == "function_call_output":
            yield ChatMessage(role="tool", content=item["output"], tool_call_id=item["call_id"])
        elif item["type"] == "message":
            text = "".join(part.get("text", "") for part in item["content"])
            role = "system" if item["role"] == "developer" else item["role"]
            message = ChatMessage(role=role, content=text)
            if role == "assistant":
                spoken = message
            else:
                yield message
    if spoken is not None:
        yield spoken
