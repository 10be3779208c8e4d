"""``/v1/conversations/{id}/turns/{turn}/explanation``."""

from __future__ import annotations

from typing import Literal

from services.gateway.http.bodies.schemas import Reply
from shared.contracts.chat.explanations import NearestRow, RuleJudgement, WordEffect
from shared.contracts.chat.turns import AnswerKind


class ReadingExplained(Reply):
    """What the model saw, and by which words.

    Attributes:
        name: The intent, or the sentiment's label.
        confidence: Its probability (0..1).
    """

    name: str
    confidence: float


class Explanation(Reply):
    """Why a turn was answered so.

    Attributes:
        model: The model that read it.
        bot_version: The version of the bot file that answered.
        answered_by: Which part of the policy answered.
        decided: The rule that decided; of an answer that was written, by what.
        passed_over: The rules before it, in their order, each with why it did not decide.
        not_reached: The rules behind it.
        intent: The likeliest intent; null: the model tells none.
        sentiment: The sentiment; null: the model tells none.
        words: The words of the text with what leaving each out changes; of a long text, several that stand together.
        nearest: The training rows nearest to the text; empty: the model carries none.
        repeatable: Whether the turn, decided once more, gets the same answer. False: it was answered in a state that is not kept.
        tokens: Read for the explanation.
    """

    object: Literal["conversation.turn.explanation"] = "conversation.turn.explanation"
    conversation_id: str
    turn_id: str
    model: str
    bot_version: int
    answered_by: AnswerKind
    decided: RuleJudgement
    passed_over: list[RuleJudgement]
    not_reached: list[str]
    intent: ReadingExplained | None
    sentiment: ReadingExplained | None
    words: list[WordEffect]
    nearest: list[NearestRow]
    repeatable: bool
    tokens: int
