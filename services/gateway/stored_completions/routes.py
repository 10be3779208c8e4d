"""``/v1/chat/completions`` that were asked with ``store``: listed, read, relabelled, deleted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query

from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.access.keyring import Caller
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import After, Limit, MetadataFilter, resource
from services.gateway.state import State
from services.gateway.stored_completions.schemas import ChangeCompletion, StoredCompletionObject, StoredMessage
from shared.errors import InvalidInput
from shared.storage.chat import completions
from shared.storage.tables.completions import StoredCompletion

router = resource("Chat")

Order = Annotated[Literal["asc", "desc"], Query(description="Oldest first, or newest first.")]
ModelName = Annotated[str | None, Query(max_length=256, description="Only of this model.")]


@router.get("/chat/completions")
def list_completions(
    state: State,
    caller: ChatCaller,
    metadata: MetadataFilter,
    model: ModelName = None,
    order: Order = "asc",
    after: After = None,
    limit: Limit = 20,
) -> Listing[StoredCompletionObject]:
    """Yours that were asked with `store: true`; an admin sees all. `metadata[key]=value` keeps those that carry it."""
    owner = _owner(caller)
    with state.database.reading() as session:
        if after is not None:
            completions.get(session, after, owner)
        page = completions.page(
            session, key_id=owner, model=model, metadata=metadata, after=after, limit=limit, order=order
        )
    return Listing[StoredCompletionObject].of([_completion(one) for one in page.items], has_more=page.has_more)


@router.get("/chat/completions/{completion_id}")
def retrieve(completion_id: str, state: State, caller: ChatCaller) -> StoredCompletionObject:
    """One of yours."""
    with state.database.reading() as session:
        return _completion(completions.get(session, completion_id, _owner(caller)))


@router.post("/chat/completions/{completion_id}")
def change(completion_id: str, body: ChangeCompletion, state: State, caller: ChatCaller) -> StoredCompletionObject:
    """Replace its metadata."""
    with state.database.transaction() as session:
        return _completion(completions.change(session, completion_id, _owner(caller), body.metadata or {}))


@router.delete("/chat/completions/{completion_id}")
def delete(completion_id: str, state: State, caller: ChatCaller) -> Deleted:
    """Forget it. The conversation of a bot stays."""
    with state.database.transaction() as session:
        completions.delete(session, completion_id, _owner(caller))
    return Deleted(id=completion_id, object="chat.completion.deleted")


@router.get("/chat/completions/{completion_id}/messages")
def list_messages(
    completion_id: str,
    state: State,
    caller: ChatCaller,
    order: Order = "asc",
    after: After = None,
    limit: Limit = 20,
) -> Listing[StoredMessage]:
    """What was asked, message by message."""
    with state.database.reading() as session:
        stored = completions.get(session, completion_id, _owner(caller))
    messages = [_message(stored.id, number, message) for number, message in enumerate(stored.messages)]
    if order == "desc":
        messages.reverse()
    begin = 0
    if after is not None:
        places = [place for place, message in enumerate(messages, start=1) if message.id == after]
        if not places:
            raise InvalidInput(f"There is no {after!r} to continue after; take the id of the last item.", param="after")
        begin = places[0]
    return Listing[StoredMessage].of(messages[begin : begin + limit], has_more=len(messages) > begin + limit)


def _owner(caller: Caller) -> str | None:
    return None if caller.may("admin") else caller.key_id


def _completion(stored: StoredCompletion) -> StoredCompletionObject:
    return StoredCompletionObject.model_validate({**stored.completion, "metadata": stored.user_metadata})


def _message(completion_id: str, number: int, message: dict[str, Any]) -> StoredMessage:
    content = message["content"]
    if isinstance(content, list):
        text = "".join(part["text"] for part in content)
        return StoredMessage(id=f"{completion_id}-{number}", role=message["role"], content=text, content_parts=content)
    return StoredMessage(id=f"{completion_id}-{number}", role=message["role"], content=content)
