"""Bots as they were when a turn was answered, for those who ask why."""

from __future__ import annotations

from collections.abc import Callable

from services.generation.bot_registry import ActiveBot, BotRegistry
from services.generation.knowledge_cache import KnowledgeIndexCache
from shared.bot.bot_file import read_bot
from shared.dialogue.knowledge import FloatArray
from shared.dialogue.turn import Match


class PastBots:
    """The bot in charge, and those before it.

    Args:
        registry: Has the one in charge.
        source: The bot file of a version; raises ``NotFound`` if there is none.
        model: The id of the model in production.
        knowledge: Indexes of its own: those that chats need are not to make room for one that is asked for once.
    """

    def __init__(
        self,
        registry: BotRegistry,
        source: Callable[[int], str],
        model: Callable[[], str | None],
        knowledge: KnowledgeIndexCache,
    ) -> None:
        self._registry = registry
        self._source = source
        self._model = model
        self._knowledge = knowledge

    def of(self, version: int) -> ActiveBot:
        """The bot of a version.

        Raises:
            NotFound: There is none.
            NoBot: None was ever applied.
        """
        current = self._registry.current()
        return current if current.version == version else ActiveBot(version, read_bot(self._source(version)))

    def look_up(
        self, active: ActiveBot, model_id: str, embedding: FloatArray, *, beside: str | None = None, text: str = ""
    ) -> Match | None:
        """See ``BotRegistry.look_up``."""
        if active.version == self._registry.current().version and model_id == self._model():
            return self._registry.look_up(active, model_id, embedding, beside=beside, text=text)
        if not active.bot.knowledge:
            return None
        index = self._knowledge.index(model_id, active.version, active.bot.knowledge)
        return index.best(embedding, beside=beside, text=text, worth=active.bot.settings.knowledge_score)
