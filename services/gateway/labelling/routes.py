"""``/v1/labelling``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.gateway.feedback.schemas import Correction
from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.router import resource
from services.gateway.labelling.agreeing import agreement
from services.gateway.labelling.queue import Pick, given, pairs, picked
from services.gateway.labelling.schemas import Agreement, Choice, GivenLabel, LabellingItem, LabellingQueue
from services.gateway.state import State
from shared.storage.database.engine import Session
from shared.storage.training import feedback

router = resource("Labelling")

_LISTED = 100


@router.get("/labelling")
def queue(
    state: State,
    _caller: TrainCaller,
    author: Annotated[str, Query(min_length=1, max_length=128, description="Who labels.")],
    by: Annotated[Choice, Query(description="What makes a turn worth a look.")] = "uncertainty",
    people: Annotated[int, Query(ge=1, le=2, description="How many people shall label each turn.")] = 1,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> LabellingQueue:
    """The next turns to label, out of the newest 500 conversations, or out of what people said."""
    with state.database.reading() as session:
        found = [_item(session, pick) for pick in picked(session, by, author, people, limit)]
    return LabellingQueue(by=by, data=found)


@router.get("/labelling/agreement")
def agreed(state: State, _caller: TrainCaller) -> Agreement:
    """How far two people who labelled the same turns agree on their intents."""
    with state.database.reading() as session:
        told = pairs(given(session))
    share, kappa = agreement([(one, other) for _, one, other in told])
    apart = [turn_id for turn_id, one, other in told if one != other]
    return Agreement(turns=len(told), agreement=share, kappa=kappa, disagreements=apart[:_LISTED])


def _item(session: Session, pick: Pick) -> LabellingItem:
    turn = pick.turn
    last = feedback.before(session, turn)
    said = [last.user_text, last.answer.text] if last is not None else []
    return LabellingItem(
        id=turn.id,
        conversation_id=turn.conversation_id,
        created_at=int(turn.created_at),
        text=turn.user_text,
        before=[words for words in said if words],
        ranking=list(turn.understanding.ranking),
        sentiment=turn.understanding.sentiment,
        why=pick.why,
        labels=[
            GivenLabel(author=one.author or "?", correct=Correction(**one.correct))
            for one in pick.labels
            if one.correct
        ],
    )
