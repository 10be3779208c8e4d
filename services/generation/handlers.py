"""Understandings in, answers out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.generation.bot_registry import BotRegistry
from services.generation.language_models.registry import LanguageModels
from shared.bot.bot import Bot
from shared.contracts.chat import TurnAnswered, TurnReceived, TurnUnderstood
from shared.contracts.generation import GenerateText, GenerationCancelled
from shared.contracts.releases import BotPublished, ModelPublished
from shared.dialogue.knowledge import FloatArray
from shared.dialogue.policy import decide
from shared.dialogue.searching import searches_of
from shared.dialogue.turn import Match
from shared.messaging.consuming.handlers import Handlers, StreamHandlers, one_by_one


def build_handlers(registry: BotRegistry) -> Handlers:
    """What is done with turns."""

    def on_turn(message: TurnUnderstood) -> TurnAnswered:
        active = registry.current()
        understanding = message.understanding

        def look_up(vector: FloatArray, beside: str | None, text: str) -> Match | None:
            return registry.look_up(active, understanding.model, vector, beside=beside, text=text)

        searches = searches_of(message, look_up)
        today = _today(active.bot, message.turn)
        answer, state = decide(active.bot, message.turn, understanding, search=searches, today=today)
        return TurnAnswered(
            turn_id=message.turn.turn_id,
            conversation_id=message.turn.conversation_id,
            understanding=understanding,
            answer=answer,
            state=state,
            bot_version=active.version,
        )

    return {TurnUnderstood: one_by_one(on_turn)}


def build_stream_handlers(models: LanguageModels) -> StreamHandlers:
    """What is done with requests for text."""
    return {GenerateText: models.generate}


def build_cancel_handlers(cancel: Callable[[str], None]) -> Handlers:
    """What is done when nobody waits for a text any more."""

    def on_cancelled(message: GenerationCancelled) -> None:
        cancel(message.request_id)

    return {GenerationCancelled: one_by_one(on_cancelled)}


def build_release_handlers(registry: BotRegistry) -> Handlers:
    """What is done with news of a release. The message is only a wake-up: the registry looks into the database."""

    def on_release(_: BotPublished | ModelPublished) -> None:
        registry.follow()

    return {BotPublished: one_by_one(on_release), ModelPublished: one_by_one(on_release)}


def _today(bot: Bot, turn: TurnReceived) -> date:
    """The day on which the customer wrote, where the bot is at home."""
    return datetime.fromtimestamp(turn.received_at, ZoneInfo(bot.settings.timezone)).date()
