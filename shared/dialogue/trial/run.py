"""Holding the dialogues of a file with a bot, turn by turn; the caller brings what a model understands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from shared.bot.bot import Bot
from shared.contracts.chat.turns import DialogueState, PastTurn, TurnReceived
from shared.dialogue.knowledge import KnowledgeIndex
from shared.dialogue.policy import decide
from shared.dialogue.searching import searches_of
from shared.dialogue.trial.dialogue_file import Dialogue, DialogueFile
from shared.dialogue.trial.expectation import misses
from shared.dialogue.trial.report import TrialReport, WrongTurn
from shared.dialogue.turn_texts import Asked, Read, TurnTexts

ReadAll = Callable[[Sequence[Asked]], Sequence[Read]]
"""Texts with the messages before each of them, to what a model understands and the embedding of each."""


class Conversation:
    """One dialogue under way. It goes on from what the bot really did, right or wrong.

    Args:
        dialogue: What is said and expected.
        bot: The bot that answers.
        knowledge: Its index, by the model that reads.
        today: The day, for a dialogue that names none.
    """

    def __init__(self, dialogue: Dialogue, bot: Bot, knowledge: KnowledgeIndex, today: date) -> None:
        self.wrong: list[WrongTurn] = []
        self._dialogue = dialogue
        self._bot = bot
        self._knowledge = knowledge
        self._today = dialogue.today or today
        self._state = DialogueState()
        self._history: tuple[PastTurn, ...] = ()
        self._next = 0

    @property
    def is_over(self) -> bool:
        """Whether everything was said."""
        return self._next == len(self._dialogue.turns)

    @property
    def asked(self) -> tuple[Asked, ...]:
        """What nlu would read of what is said next."""
        return self._texts().asked

    def go_on(self, read: Sequence[Read]) -> None:
        """Answer what is said next, of which ``asked`` was read, and hold the answer against what was expected."""
        said = self._dialogue.turns[self._next]
        message = self._texts().understood(read)
        answer, self._state = decide(
            self._bot,
            message.turn,
            message.understanding,
            search=searches_of(message, self._knowledge.best),
            today=self._today,
        )
        understanding = message.understanding
        missing = misses(said, understanding, answer, self._state)
        if missing:
            self.wrong.append(
                WrongTurn(
                    dialogue=self._dialogue.name,
                    turn=self._next + 1,
                    user=said.user,
                    answer=answer.text,
                    misses=tuple(missing),
                )
            )
        self._history = (*self._history, PastTurn(user=said.user, answer=answer.text))
        self._next += 1

    def _texts(self) -> TurnTexts:
        at = datetime.combine(self._today, datetime.min.time(), UTC).timestamp() + 60.0 * self._next
        received = TurnReceived(
            turn_id="trial",
            conversation_id="trial",
            text=self._dialogue.turns[self._next].user,
            history=self._history[-10:],
            state=self._state,
            received_at=at,
        )
        return TurnTexts.of(received)


def begin(file: DialogueFile, bot: Bot, knowledge: KnowledgeIndex, today: date) -> list[Conversation]:
    """All dialogues of a file, before their first turn."""
    return [Conversation(dialogue, bot, knowledge, today) for dialogue in file.dialogues]


def report_of(file: DialogueFile, conversations: Sequence[Conversation]) -> TrialReport:
    """What came of dialogues that are over."""
    wrong = tuple(turn for conversation in conversations for turn in conversation.wrong)
    return TrialReport(
        dialogues=len(file.dialogues),
        dialogues_right=sum(not conversation.wrong for conversation in conversations),
        turns=file.turns,
        wrong=wrong,
    )


def hold(file: DialogueFile, bot: Bot, knowledge: KnowledgeIndex, read: ReadAll, today: date) -> TrialReport:
    """Hold all dialogues side by side, and report."""
    conversations = begin(file, bot, knowledge, today)
    while live := [conversation for conversation in conversations if not conversation.is_over]:
        go_on(live, read(asked_of(live)))
    return report_of(file, conversations)


def asked_of(live: Sequence[Conversation]) -> list[Asked]:
    """What is to be read for the next turn of each conversation."""
    return [one for conversation in live for one in conversation.asked]


def go_on(live: Sequence[Conversation], read: Sequence[Read]) -> None:
    """Take the next turn of each conversation, with what was read of ``asked_of``."""
    readings = iter(read)
    for conversation in live:
        conversation.go_on([next(readings) for _ in conversation.asked])
