"""The bot in charge and its knowledge, kept in step with the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.generation.knowledge_cache import KnowledgeIndexCache
from shared.bot.bot import Bot
from shared.bot.bot_file import read_bot
from shared.dialogue.knowledge import FloatArray
from shared.dialogue.turn import Match
from shared.errors import NoBot, ParleyError
from shared.follower import Follower
from shared.telemetry import logs

_NO_BOT = "no bot is active yet; apply a bot file with `parley bot apply FILE`"

_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class ActiveBot:
    """A bot with the version of its file."""

    version: int
    bot: Bot


class BotRegistry:
    """Has the active bot at hand, and looks things up for it.

    What cannot be read changes nothing: the bot before it goes on answering, and reading is tried again with every
    ``follow``.

    Args:
        newest: Version and source of the active bot file, if one has been applied.
        model: The id of the model in production, whose knowledge index is built before the first turn needs it.
        knowledge: The indexes.
    """

    def __init__(
        self,
        newest: Callable[[], tuple[int, str] | None],
        model: Callable[[], str | None],
        knowledge: KnowledgeIndexCache,
    ) -> None:
        self._newest = newest
        self._model = model
        self._knowledge = knowledge
        self._active: ActiveBot | None = None
        self._follower = Follower(self._update, self._report)

    def current(self) -> ActiveBot:
        """The bot in charge.

        Raises:
            NoBot: No bot file has been applied yet.
        """
        if self._active is None:
            self.follow()  # the first one may have been applied this very second
        if self._active is None:
            raise NoBot(self.problem() or _NO_BOT)
        return self._active

    def look_up(
        self, active: ActiveBot, model_id: str, embedding: FloatArray, *, beside: str | None = None, text: str = ""
    ) -> Match | None:
        """The knowledge pair nearest to a message that a model read, but for the one with the id ``beside``; see ``KnowledgeIndex.best``.

        Raises:
            ParleyError: The model cannot be loaded.
        """
        if not active.bot.knowledge:
            return None
        index = self._knowledge.index(model_id, active.version, active.bot.knowledge)
        return index.best(embedding, beside=beside, text=text, worth=active.bot.settings.knowledge_score)

    def follow(self) -> None:
        """Take up the newest bot and make its knowledge ready. May be called from any thread."""
        self._follower.follow()

    def problem(self) -> str | None:
        """What is wrong, for readiness: no bot answers, or not the newest."""
        if self._follower.failure:
            return self._follower.failure
        return None if self._active else _NO_BOT

    def _update(self) -> None:
        newest = self._newest()
        if newest is None:
            return
        version, source = newest
        active = self._active
        if active is None or active.version != version:
            active = ActiveBot(version, read_bot(source))
            self._prepare(active)
            self._active = active
            _log.info("bot taken up", version=version, name=active.bot.name, knowledge=len(active.bot.knowledge))
        else:
            self._prepare(active)

    def _prepare(self, active: ActiveBot) -> None:
        model_id = self._model()
        if model_id is not None and active.bot.knowledge:
            self._knowledge.index(model_id, active.version, active.bot.knowledge)

    def _report(self, error: ParleyError) -> None:
        if error.retryable:
            _log.warning("cannot look for the newest bot; trying again", reason=error.message)
            return
        _log.error(
            "the newest bot cannot be served; the one before it stays",
            serving=self._active.version if self._active else None,
            reason=error.message,
            remedy="apply a bot file that `parley bot validate` accepts; reading is tried again every few seconds",
        )
