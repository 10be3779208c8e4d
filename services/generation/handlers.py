"""Understandings in, answers out."""

from __future__ import annotations

from collections.abc import Callable

from services.generation.bot_registry import BotRegistry
from services.generation.language_models.registry import LanguageModels
from services.generation.turns.explainer import TurnExplainer
from services.generation.turns.writer import TurnWriter, decision_of, wants_writing
from shared.contracts.chat.explanations import ExplainDecision
from shared.contracts.chat.generation import GenerateText, GenerationCancelled
from shared.contracts.chat.turns import TurnAnswered, TurnUnanswered, TurnUnderstood
from shared.contracts.releases import BotPublished, ModelPublished
from shared.messaging.consuming.handlers import Handlers, StreamHandlers, one_by_one


def build_handlers(registry: BotRegistry) -> Handlers:
    """What is done with turns: the bot file answers, or they go on to who may write an answer."""

    def on_turn(message: TurnUnderstood) -> TurnAnswered | TurnUnanswered:
        active, unanswered = registry.current(), TurnUnanswered(understood=message)
        decision = decision_of(registry, active, unanswered)
        if wants_writing(active, decision):
            return unanswered
        return TurnAnswered(
            turn_id=message.turn.turn_id,
            conversation_id=message.turn.conversation_id,
            understanding=message.understanding,
            answer=decision.answer,
            state=decision.state,
            bot_version=active.version,
        )

    return {TurnUnderstood: one_by_one(on_turn)}


def build_turn_handlers(writer: TurnWriter, explainer: TurnExplainer) -> StreamHandlers:
    """What is done with turns that the bot file does not answer, and with those that are to be explained."""
    return {TurnUnanswered: writer.write, ExplainDecision: explainer.explain}


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
