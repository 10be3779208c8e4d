"""Feedback in the shapes of the API."""

from __future__ import annotations

from services.gateway.feedback.schemas import Correction, FeedbackObject
from shared.storage.tables.feedback import Feedback


def feedback_object(given: Feedback) -> FeedbackObject:
    """What was said of a turn."""
    return FeedbackObject(
        id=given.id,
        created_at=int(given.created_at),
        turn_id=given.turn_id,
        conversation_id=given.conversation_id,
        source=given.source,
        rating=given.rating,
        correct=Correction(**given.correct) if given.correct else None,
        comment=given.comment,
        author=given.author,
    )
