"""Who answers a chat: a language model, or the bot with the model in production."""

from __future__ import annotations

from fastapi.concurrency import run_in_threadpool

from services.gateway.chat.generation import TextGeneration
from shared.errors import InvalidInput
from shared.storage.database.engine import Database
from shared.storage.training import models
from shared.storage.training.model_names import ALIAS, CHATS, model_named


async def language_model(generation: TextGeneration, database: Database, name: str) -> str | None:
    """The language model of that name, as generation calls it; ``None``: the bot answers.

    Raises:
        NotFound: There is no such model.
        InvalidInput: It is neither a language model nor the model in production.
    """
    return None if name == ALIAS else await run_in_threadpool(_find, generation, database, name)


def _find(generation: TextGeneration, database: Database, name: str) -> str | None:
    writer = generation.find(name)
    if writer is None:
        _check_in_production(database, name)
    return writer


def _check_in_production(database: Database, model_id: str) -> None:
    with database.reading() as session:
        model_id = models.get(session, model_named(session, model_id)).id
        production = models.production(session, CHATS)
    if production != model_id:
        raise InvalidInput(
            f"{model_id} is not in production, and only that model answers chats: use the model '{ALIAS}', promote "
            "this one, or read texts with it through /v1/analyze.",
            param="model",
            code="model_not_in_production",
        )
