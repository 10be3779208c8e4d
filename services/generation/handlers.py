"""Understandings in, answers out."""

from __future__ import annotations

import base64
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np

from services.generation.desk import Desk
from shared.bot.bot import Bot
from shared.contracts.chat import TurnAnswered, TurnReceived, TurnUnderstood
from shared.contracts.releases import BotPublished, ModelPublished
from shared.dialogue.knowledge import FloatArray
from shared.dialogue.policy import decide
from shared.dialogue.turn import Match, Searches
from shared.messaging.handlers import Handlers, one_by_one


def build_handlers(desk: Desk) -> Handlers:
    """What is done with turns."""

    def on_turn(message: TurnUnderstood) -> TurnAnswered:
        active = desk.current()
        understanding = message.understanding

        def search(*embeddings: str) -> Match | None:
            """By the mean of the vectors, so that what counts is how near a pair is to all of them."""
            if not all(embeddings):
                return None
            mean: FloatArray = np.mean([_vector(embedding) for embedding in embeddings], axis=0)
            return desk.look_up(active, understanding.model, mean)

        follow_up = message.follow_up_embedding
        searches = Searches(
            partial(search, message.embedding),
            tuple(partial(search, embedding) for embedding in message.part_embeddings),
            partial(search, message.embedding, follow_up) if follow_up else None,
        )
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


def build_release_handlers(desk: Desk) -> Handlers:
    """What is done with news of a release. The message is only a wake-up: the desk looks into the database."""

    def on_release(_: BotPublished | ModelPublished) -> None:
        desk.follow()

    return {BotPublished: one_by_one(on_release), ModelPublished: one_by_one(on_release)}


def _today(bot: Bot, turn: TurnReceived) -> date:
    """The day on which the customer wrote, where the bot is at home."""
    return datetime.fromtimestamp(turn.received_at, ZoneInfo(bot.settings.timezone)).date()


def _vector(embedding: str) -> FloatArray:
    return np.frombuffer(base64.b64decode(embedding), dtype="<f2").astype(np.float32)
