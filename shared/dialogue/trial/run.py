"""Holding the dialogues of a file with a bot, turn by turn; the caller brings what a model understands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from shared.bot.bot import Bot
from shared.contracts.chat import DialogueState, PastTurn, TurnReceived
from shared.contracts.understanding import Understanding
from shared.dialogue.knowledge import FloatArray, KnowledgeIndex
from shared.dialogue.policy import decide
from shared.dialogue.trial.dialogue_file import Dialogue, DialogueFile
from shared.dialogue.trial.expectation import misses
from shared.dialogue.trial.report import TrialReport, WrongTurn

Read = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[tuple[Understanding, FloatArray]]]
"""Texts, and the messages before each of them, to what a model understands and the embedding of each."""


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
    def text(self) -> str:
        """What is said next."""
        return self._dialogue.turns[self._next].user

    @property
    def context(self) -> tuple[str, ...]:
        """What was said last, as nlu reads it."""
        return (self._history[-1].user, self._history[-1].answer) if self._history else ()

    def go_on(self, understanding: Understanding, embedding: FloatArray) -> None:
        """Answer what is said next, and hold the answer against what was expected."""
        said = self._dialogue.turns[self._next]
        at = datetime.combine(self._today, datetime.min.time(), UTC).timestamp() + 60.0 * self._next
        received = TurnReceived(
            turn_id="trial",
            conversation_id="trial",
            text=said.user,
            history=self._history[-10:],
            state=self._state,
            received_at=at,
        )
        answer, self._state = decide(
            self._bot, received, understanding, search=lambda: self._knowledge.best(embedding), today=self._today
        )
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


def begin(file: DialogueFile, bot: Bot, knowledge: KnowledgeIndex, today: date) -> list[Conversation]:
    """All dialogues of a file, before their first turn."""
    return [Conversation(dialogue, bot, knowledge, today) for dialogue in file.dialogues]


def report_of(file: DialogueFile, conversations: Sequence[Conversation]) -> TrialReport:
    """What came of dialogues that are over."""
    wrong = tuple(turn for conversation in conversations for turn in conversation.wrong)
    return TrialReport(
        dialogues=len(file.dialogues),
        dialogues_right=sum(not conversation.wrong for conversation in conversations),
        turns=sum(len(dialogue.turns) for dialogue in file.dialogues),
        wrong=wrong,
    )


def hold(file: DialogueFile, bot: Bot, knowledge: KnowledgeIndex, read: Read, today: date) -> TrialReport:
    """Hold all dialogues side by side, and report."""
    conversations = begin(file, bot, knowledge, today)
    while live := [conversation for conversation in conversations if not conversation.is_over]:
        told = read([one.text for one in live], [one.context for one in live])
        for conversation, (understanding, embedding) in zip(live, told, strict=True):
            conversation.go_on(understanding, embedding)
    return report_of(file, conversations)
