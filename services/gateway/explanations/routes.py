"""``GET /v1/conversations/{id}/turns/{turn}/explanation``."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Header, Query
from fastapi.concurrency import run_in_threadpool

from services.gateway.explanations.asking import stored_turn
from services.gateway.explanations.schemas import Explanation, ReadingExplained
from services.gateway.explanations.wording import Language, preferred, worded
from services.gateway.http.access.auth import ChatCaller
from services.gateway.http.router import resource
from services.gateway.state import State
from shared.contracts.chat.explanations import RuleJudgement, TurnExplained
from shared.errors import NotFound, Unavailable
from shared.storage.tables.core import Turn
from shared.telemetry.correlation import correlation_id

router = resource("Conversations")

Lang = Annotated[Language | None, Query(description="Of the reasons.")]
AcceptLanguage = Annotated[str, Header(max_length=1024)]


@router.get("/conversations/{conversation_id}/turns/{turn_id}/explanation")
async def explain(
    conversation_id: str,
    turn_id: str,
    state: State,
    caller: ChatCaller,
    lang: Lang = None,
    accept_language: AcceptLanguage = "",
) -> Explanation:
    """Why a turn was answered as it was: the rules, the words that moved the reading, the training rows nearest to it.

    Reasons are told in the language `lang`, else in the first of `Accept-Language` that there is, else in English; names of rules stay.

    Computed when asked for, by the model and the version of the bot file that answered.
    """
    turn, question = await run_in_threadpool(
        stored_turn, state.database, state.conversations, caller, conversation_id, turn_id
    )
    future = state.requester.submit(
        question, timeout=state.settings.request_timeout_seconds, correlation_id=correlation_id()
    )
    try:
        answer = await asyncio.wrap_future(future)
    except NotFound as error:
        raise NotFound(
            f"{error.message} It answered this turn and was deleted, so nobody can tell why.", param="turn_id"
        ) from None
    if not isinstance(answer, TurnExplained):
        raise Unavailable(f"a turn was explained by {type(answer).__name__}; all services must be of one version")
    return _object(turn, answer, lang or preferred(accept_language))


def _object(turn: Turn, told: TurnExplained, language: Language) -> Explanation:
    intent, mood = turn.understanding.intent, turn.understanding.sentiment
    written = turn.answer.kind in ("grounded", "generated")
    return Explanation(
        conversation_id=turn.conversation_id,
        turn_id=turn.id,
        model=turn.model_id,
        bot_version=turn.bot_version,
        answered_by=turn.answer.kind,
        decided=_worded(told.decided, language),
        passed_over=[_worded(rule, language) for rule in told.passed_over],
        not_reached=list(told.not_reached),
        intent=ReadingExplained(name=intent.name, confidence=intent.confidence) if intent else None,
        sentiment=ReadingExplained(name=mood.label, confidence=mood.confidence) if mood else None,
        words=list(told.reading.words),
        nearest=list(told.reading.nearest),
        repeatable=written or told.answer == turn.answer.text,
        tokens=told.reading.tokens,
    )


def _worded(rule: RuleJudgement, language: Language) -> RuleJudgement:
    return rule.model_copy(update={"reason": worded(rule.reason, language)})
