"""``/v1/feedback``: what people think of answers."""

from __future__ import annotations

import io
from typing import Annotated

from fastapi import Query

from services.gateway.chat.lookup import check_owner
from services.gateway.feedback import four_eyes
from services.gateway.feedback.objects import feedback_object
from services.gateway.feedback.rows import rows_of
from services.gateway.feedback.schemas import Correction, FeedbackObject, GiveFeedback, MakeRows, RowsMade, Source
from services.gateway.files.uploads import FINE_TUNE, Upload
from services.gateway.http.access.auth import ChatCaller, TrainCaller, VisitorCaller
from services.gateway.http.bodies.schemas import Listing
from services.gateway.http.router import After, IdempotencyKey, Limit, resource
from services.gateway.state import State
from shared.errors import InvalidInput, NotAllowed, NotFound
from shared.storage.chat import conversations
from shared.storage.database.engine import Session
from shared.storage.database.identity import new_id
from shared.storage.tables.core import Response, Turn
from shared.storage.tables.feedback import Feedback
from shared.storage.training import feedback, files

router = resource("Feedback")

_THUMBS = {"up": 5, "down": 1}
#: Corrections that become one file.
_MOST = 50_000


@router.post("/feedback")
def give(
    body: GiveFeedback, state: State, caller: VisitorCaller, idempotency_key: IdempotencyKey = None
) -> FeedbackObject:
    """Say what you think of an answer, and how the words should have been read. With an `Idempotency-Key` it is said once."""
    if caller.role == "visitor" and (body.source != "customer" or body.correct is not None):
        raise NotAllowed("A visitor speaks as the customer, and corrects nothing.")
    with state.database.transaction() as session:
        turn = _turn(session, body)
        conversation = conversations.get(session, turn.conversation_id)
        if not (body.source == "reviewer" and caller.may("train")):  # who may see the queue of labelling may label
            check_owner(caller, conversation)
        _check_spans(body.correct, turn.user_text)
        given = Feedback(
            id=new_id("fb_"),
            created_at=state.clock(),
            turn_id=turn.id,
            conversation_id=turn.conversation_id,
            source=body.source,
            rating=_THUMBS[body.rating] if isinstance(body.rating, str) else body.rating,
            correct=body.correct.model_dump(exclude_none=True) if body.correct else None,
            comment=body.comment,
            author=body.author,
            key_id=caller.key_id,
            idempotency_key=idempotency_key,
        )
        return feedback_object(feedback.add(session, given))


@router.get("/feedback")
def list_feedback(
    state: State,
    caller: ChatCaller,
    turn_id: Annotated[str | None, Query(max_length=256, description="Of this turn alone.")] = None,
    source: Annotated[Source | None, Query(description="From this side alone.")] = None,
    after: After = None,
    limit: Limit = 20,
) -> Listing[FeedbackObject]:
    """What was said, newest first: by your key, or by all if its role is `train`."""
    owner = None if caller.may("train") else caller.key_id
    with state.database.reading() as session:
        page = feedback.page(session, key_id=owner, turn_id=turn_id, source=source, after=after, limit=limit)
    return Listing[FeedbackObject].of([feedback_object(given) for given in page.items], has_more=page.has_more)


@router.post("/feedback/rows")
def make_rows(state: State, caller: TrainCaller, body: MakeRows | None = None) -> RowsMade:
    """Make a training file of the corrections, one row for each turn; personal numbers become surrogates."""
    wanted = body or MakeRows()
    with state.database.reading() as session:
        corrected = [
            (given, turn)
            for given, turn in feedback.corrections(session, wanted.since, _MOST)
            if wanted.sources is None or given.source in wanted.sources
        ]
        found, waiting = four_eyes.agreed(corrected, four_eyes.declared(session))
        before = {turn.id: last for _, turn in found if (last := feedback.before(session, turn)) is not None}
    rows = rows_of(found, before)
    if not rows.count and waiting:
        raise InvalidInput(
            f"The corrections of {waiting} turns wait for a second person (`review.four_eyes` of the bot file); look at "
            "GET /v1/labelling?by=four_eyes.",
            param="since",
            code="no_corrections",
        )
    if not rows.count:
        raise InvalidInput("Nobody has corrected anything in that time.", param="since", code="no_corrections")
    upload = Upload("corrections.jsonl", FINE_TUNE, io.BytesIO(rows.content), None)
    file = state.uploads.keep(upload, caller.key_id, state.clock())
    with state.database.transaction() as session:
        files.add(session, file)
    return RowsMade(file_id=file.id, rows=rows.count, disagreements=rows.disagreements, waiting=waiting)


def _turn(session: Session, body: GiveFeedback) -> Turn:
    if body.turn_id is not None:
        return feedback.turn(session, body.turn_id)
    response = session.get(Response, body.response_id)
    if response is None or response.turn_id is None:
        raise NotFound(f"No response {body.response_id!r} of a bot.", param="response_id")
    return feedback.turn(session, response.turn_id)


def _check_spans(correct: Correction | None, text: str) -> None:
    for number, entity in enumerate(correct.entities or () if correct else ()):
        if not entity.start < entity.end <= len(text):
            raise InvalidInput(
                f"The span {entity.start} to {entity.end} does not lie in the customer's {len(text)} characters.",
                param=f"correct.entities[{number}]",
            )
