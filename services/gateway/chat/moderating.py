"""A turn of a bot whose question and answer are judged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi.concurrency import run_in_threadpool

from services.gateway.moderations.policy import Moderated
from shared.bot.bot_file import read_bot
from shared.contracts.chat.turns import Answer, GuardHit, TurnAnswered
from shared.dialogue import guarding
from shared.storage.chat import bots
from shared.storage.database.engine import Database

Review = Callable[[TurnAnswered], Awaitable[TurnAnswered]]
"""What becomes of an answered turn before it is stored."""


def reviewing(moderated: Moderated, database: Database) -> Review | None:
    """Judges the answer, and puts the bot file's words in the place of one that is blocked; ``None``: nothing is judged."""
    if moderated.options is None:
        return None

    async def review(answered: TurnAnswered) -> TurnAnswered:
        answer = answered.answer
        category = await moderated.flagged_output(answer.text)
        if category is None:
            return answered
        hit = GuardHit(guard="moderation", rule=category, side="answer", blocked=True, withheld=answer.text[:500])
        text = await run_in_threadpool(_withheld, database, answered)
        said = Answer(
            text=text,
            kind="blocked",
            handover=answer.handover,
            guards=(*answer.guards, hit),
            reasons=(*answer.reasons, guarding.reason(hit)),
        )
        return answered.model_copy(update={"answer": said})

    return review


def _withheld(database: Database, answered: TurnAnswered) -> str:
    with database.reading() as session:
        active = bots.active(session)
    own = read_bot(active.source).guards.withheld if active is not None else ()
    return own[0] if own else guarding.ours("withheld", answered.understanding.language)[0]
