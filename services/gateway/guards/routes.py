"""``/v1/guards``: what guards saw, and what people say of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from services.gateway.guards import requests
from services.gateway.guards.schemas import DecideReview, GuardReviewObject, GuardRule, GuardRules
from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from shared.contracts.chat.turns import GuardName
from shared.storage.chat import guards
from shared.storage.chat.four_eyes import FOUR_EYES
from shared.storage.tables.core import Turn
from shared.storage.tables.guards import GuardReview

router = resource("Guards")

Status = Annotated[Literal["open", "decided"] | None, Query(description="Whether somebody has decided.")]


@router.get("/guards/reviews")
def list_reviews(
    state: State,
    _caller: TrainCaller,
    status: Status = None,
    guard: Annotated[GuardName | None, Query(description="Of this guard alone.")] = None,
    rule: Annotated[str | None, Query(max_length=64, description="Of this rule alone.")] = None,
    conversation_id: Annotated[str | None, Query(max_length=256, description="Of this conversation alone.")] = None,
    after: After = None,
    limit: Limit = 20,
) -> Listing[GuardReviewObject]:
    """What guards saw in turns, newest first."""
    is_open = None if status is None else status == "open"
    with state.database.reading() as session:
        page = guards.page(
            session,
            is_open=is_open,
            guard=guard,
            rule=rule,
            conversation_id=conversation_id,
            after=after,
            limit=limit,
        )
        turns = guards.turns_of(session, page.items)
    shown = [_object(review, turns[review.turn_id]) for review in page.items if review.turn_id in turns]
    return Listing[GuardReviewObject].of(shown, has_more=page.has_more)


@router.post("/guards/reviews/{review_id}")
def decide(review_id: str, body: DecideReview, state: State, caller: TrainCaller) -> GuardReviewObject:
    """Say whether a guard was right; the last word counts. Of a request that needs four eyes: propose, or agree to, what becomes of it."""
    with state.database.transaction() as session:
        review = guards.get(session, review_id)
        if review.guard == FOUR_EYES:
            decided = requests.vote(session, review, body, caller, state.clock())
        else:
            decided = guards.decide(
                session, review_id, body.verdict, author=body.author, key_id=caller.key_id, now=state.clock()
            )
        turn = guards.turns_of(session, [decided])[decided.turn_id]
        shown = _object(decided, turn)
    if decided.guard == FOUR_EYES and shown.verdict is not None:
        state.news.tell(shown.conversation_id)
    return shown


@router.get("/guards/rules")
def list_rules(
    state: State,
    _caller: TrainCaller,
    since: Annotated[float, Query(ge=0, description="Unix seconds; what was seen before is not counted.")] = 0.0,
) -> GuardRules:
    """How often each rule saw something, and how often people found that wrong."""
    with state.database.reading() as session:
        counted = guards.counts(session, since)
    rules = [GuardRule.model_validate({"id": f"{one.guard}/{one.rule}", **one._asdict()}) for one in counted]
    return GuardRules(data=rules)


def _object(review: GuardReview, turn: Turn) -> GuardReviewObject:
    return GuardReviewObject.model_validate(
        {
            "id": review.id,
            "created_at": int(review.created_at),
            "turn_id": review.turn_id,
            "conversation_id": review.conversation_id,
            "guard": review.guard,
            "rule": review.rule,
            "side": review.side,
            "blocked": review.blocked,
            "withheld": review.withheld,
            "values": review.slots,
            "votes": [vote | {"at": int(vote["at"])} for vote in review.votes],
            "user_text": turn.user_text,
            "answer": turn.answer.text,
            "answer_kind": turn.answer.kind,
            "verdict": review.verdict,
            "decided_at": int(review.decided_at) if review.decided_at is not None else None,
            "author": review.author,
        }
    )
