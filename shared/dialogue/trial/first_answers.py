"""What a bot answers first to each of some texts, as the beginning of a conversation; the caller brings what a model understands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

from shared.bot.bot import Bot
from shared.contracts.chat.turns import AnswerKind, TurnReceived
from shared.contracts.chat.understanding import Understanding
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


def understood_and_answered(
    bot: Bot, knowledge: KnowledgeIndex, turns: Sequence[TurnTexts], read: Iterable[Read], today: date
) -> Iterator[tuple[Understanding, AnswerKind]]:
    """What was understood of each text, and which part of the policy answers; ``read`` is of all that ``turns`` ask for, in order."""
    readings = iter(read)
    for turn in turns:
        mine = [next(readings) for _ in turn.asked]
        yield mine[0][0], kind_of(bot, knowledge, turn, mine, today)
