"""What a bot answers first to each of some texts, as the beginning of a conversation; the caller brings what a model understands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from shared.bot.bot import Bot
from shared.contracts.chat.turns import AnswerKind, TurnReceived
from shared.dialogue.knowledge import KnowledgeIndex
from shared.dialogue.policy import decide
from shared.dialogue.searching import searches_of
from shared.dialogue.turn_texts import Read, TurnTexts


def beginning(text: str, today: date) -> TurnTexts:
    """What is to be read of a text that begins a conversation."""
    at = datetime.combine(today, datetime.min.time(), UTC).timestamp()
    return TurnTexts.of(TurnReceived(turn_id="trial", conversation_id="trial", text=text, received_at=at))


def kind_of(bot: Bot, knowledge: KnowledgeIndex, texts: TurnTexts, read: Sequence[Read], today: date) -> AnswerKind:
    """Which part of the policy answers. What documents or a language model would answer is the ``fallback`` before them."""
    message = texts.understood(read)
    search = searches_of(message, knowledge.best)
    answer, _ = decide(bot, message.turn, message.understanding, search=search, today=today)
    return answer.kind
