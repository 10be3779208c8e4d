"""Keeps an answer, if its caller asked for that (``store``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.concurrency import run_in_threadpool

from services.gateway.chat.generated import GeneratedCompletion
from services.gateway.chat.schemas import ChatCompletion, ChatMessage, ChatRequest
from services.gateway.http.access.keyring import Caller
from shared.storage.chat import completions
from shared.storage.database.engine import Database
from shared.storage.tables.completions import StoredCompletion

Keep = Callable[[ChatCompletion | GeneratedCompletion], Awaitable[None]]
"""Returns once the answer is stored; without effect on a caller who did not ask for that."""


def keeping(database: Database, caller: Caller, body: ChatRequest, now: float) -> Keep:
    """What is done with the answer to a request."""

    async def keep(completion: ChatCompletion | GeneratedCompletion) -> None:
        if body.store:
            await run_in_threadpool(_store, database, _row(caller, body, completion, now))

    return keep


def _row(
    caller: Caller, body: ChatRequest, completion: ChatCompletion | GeneratedCompletion, now: float
) -> StoredCompletion:
    return StoredCompletion(
        id=completion.id,
        key_id=caller.key_id,
        created_at=now,
        model=completion.model,
        messages=[_kept(message) for message in body.messages],
        completion=completion.model_dump(mode="json"),
        user_metadata=body.metadata or {},
        conversation_id=completion.parley.conversation_id if isinstance(completion, ChatCompletion) else None,
    )


def _kept(message: ChatMessage) -> dict[str, Any]:
    """What was asked; what tools were called with and gave back too."""
    kept = message.model_dump(mode="json", exclude_none=True)
    return {"role": message.role, "content": None, **kept}


def _store(database: Database, stored: StoredCompletion) -> None:
    with database.transaction() as session:
        completions.add(session, stored)
