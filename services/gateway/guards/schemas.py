"""``/v1/guards``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from services.gateway.http.bodies.schemas import Body, Reply, Resource
from shared.contracts.chat.turns import AnswerKind, GuardName
from shared.storage.tables.guards import GuardVerdict


class Vote(Reply):
    """What a person said of a request, and when (Unix seconds)."""

    verdict: GuardVerdict
    author: str | None
    key_id: str
    comment: str | None
    at: int


class GuardReviewObject(Resource):
    """Something that a guard saw.

    Attributes:
        rule: What of the guard was broken.
        side: In the customer's message, or in what a model wrote.
        blocked: Whether it went no further.
        withheld: The sentence of a model that was not said; of a request, what the customer hears once it is approved.
        values: What the customer asked for, by slot, where two people have to agree.
        votes: What people said of a request, oldest first; two in a row who say the same decide it.
        user_text: The customer's message.
        answer: What the customer heard.
        verdict: What a person says of it; ``null`` until then.
    """

    object: Literal["guard.review"] = "guard.review"
    created_at: int
    turn_id: str
    conversation_id: str
    guard: GuardName
    rule: str
    side: Literal["message", "answer"]
    blocked: bool
    withheld: str
    values: dict[str, str]
    votes: list[Vote]
    user_text: str
    answer: str
    answer_kind: AnswerKind
    verdict: GuardVerdict | None
    decided_at: int | None
    author: str | None


class DecideReview(Body):
    """What a person says of it.

    Attributes:
        verdict: Whether the guard was right; of a request (guard ``four_eyes``), ``approved`` or ``rejected``.
        author: Who says so, as they are called.
        comment: Why, for the other person who looks at a request.
    """

    verdict: GuardVerdict
    author: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    comment: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None


class GuardRule(Resource):
    """How a rule has done; its id is the guard and the rule.

    Attributes:
        seen: How often it saw something.
        blocked: How often that went no further.
        right: Of these, what people found right.
        false_alarms: What they found wrong.
    """

    object: Literal["guard.rule"] = "guard.rule"
    guard: GuardName
    rule: str
    seen: int
    blocked: int
    right: int
    false_alarms: int


class GuardRules(Reply):
    """Every rule that has seen something, the most frequent first."""

    object: Literal["list"] = "list"
    data: list[GuardRule]
