"""Whether what a bot file names outside itself exists: vector stores, catalogs, and models that write."""

from __future__ import annotations

from collections.abc import Container, Iterator

from shared.bot.bot import Bot
from shared.bot.document import Path, dotted, parse, summary
from shared.contracts.faults import Fault
from shared.contracts.training.tasks import WRITERS
from shared.errors import InvalidBot, NotFound
from shared.storage.database.engine import Session
from shared.storage.knowledge import catalogs, vector_stores
from shared.storage.training import models
from shared.storage.training.model_names import model_named


def check_references(session: Session, bot: Bot, source: str, engines: Container[str]) -> None:
    """Look everything up.

    Raises:
        InvalidBot: Something is not there; ``faults`` carries the lines.
    """
    faulty = list(_faults(session, bot, engines))
    if faulty:
        document = parse(source)
        faults = [Fault(line=document.line(path), field=dotted(path), message=message) for path, message in faulty]
        message, listed = summary("The bot file", faults)
        raise InvalidBot(message, listed, param="source")


def _faults(session: Session, bot: Bot, engines: Container[str]) -> Iterator[tuple[Path, str]]:
    if bot.grounding is not None:
        for index, store_id in enumerate(bot.grounding.vector_stores):
            try:
                vector_stores.get(session, store_id)
            except NotFound:
                yield (
                    ("grounding", "vector_stores", index),
                    "there is no such vector store; GET /v1/vector_stores lists them",
                )
    for name, action in bot.recommend.items():
        try:
            catalogs.get(session, action.catalog)
        except NotFound:
            yield ("recommend", name, "catalog"), "there is no such catalog; GET /v1/catalogs lists them"
    for part in ("grounding", "free_chat"):
        writer = getattr(bot, part)
        if writer is not None and writer.model is not None and writer.model.partition("/")[0] not in engines:
            problem = _problem(session, writer.model)
            if problem is not None:
                yield (part, "model"), problem


def _problem(session: Session, name: str) -> str | None:
    try:
        task = models.get(session, model_named(session, name)).task
    except NotFound:
        return "there is no such model, engine or deployment; GET /v1/models lists them"
    return None if task in WRITERS else f"is a model of {task!r}, which writes no texts"
