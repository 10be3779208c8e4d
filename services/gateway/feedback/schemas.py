"""``/v1/feedback``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from services.gateway.http.bodies.schemas import Body, Name, Reply, Resource

Source = Literal["customer", "agent", "reviewer"]
Label = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class CorrectEntity(Body):
    """A span of the customer's words, half-open, in characters."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    label: Label


class Correction(Body):
    """How a turn should have been read; what is left out says nothing.

    Attributes:
        intent: The intent, ``out_of_scope`` being one.
        entities: All of them; ``[]``: there is none.
        sentiment: The tone of the words.
    """

    intent: Label | None = None
    entities: Annotated[list[CorrectEntity], Field(max_length=200)] | None = None
    sentiment: Literal["negative", "neutral", "positive"] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.intent is None and self.entities is None and self.sentiment is None:
            raise ValueError("give at least one of intent, entities and sentiment")
        return self


class GiveFeedback(Body):
    """What somebody thinks of an answer.

    Attributes:
        turn_id: The turn; ``response_id`` does as well.
        rating: ``up`` or ``down``, or from 1 to 5.
        correct: How it should have been read.
        comment: In words.
        source: Whose word it is.
        author: Who said so, as they are called.
    """

    turn_id: Name | None = None
    response_id: Name | None = None
    rating: Literal["up", "down"] | Annotated[int, Field(ge=1, le=5)] | None = None
    correct: Correction | None = None
    comment: Annotated[str, StringConstraints(min_length=1, max_length=2_000)] | None = None
    source: Source = "customer"
    author: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None

    @model_validator(mode="after")
    def _is_about_something(self) -> Self:
        if (self.turn_id is None) == (self.response_id is None):
            raise ValueError("name the turn by turn_id, or by response_id")
        if self.rating is None and self.correct is None and self.comment is None:
            raise ValueError("give a rating, a correction or a comment")
        return self


class FeedbackObject(Resource):
    """What was said of a turn.

    Attributes:
        rating: From 1 to 5; ``up`` is 5, ``down`` 1.
    """

    object: Literal["feedback"] = "feedback"
    created_at: int
    turn_id: str
    conversation_id: str
    source: Source
    rating: int | None
    correct: Correction | None
    comment: str | None
    author: str | None


class MakeRows(Body):
    """Make a training file of corrections.

    Attributes:
        since: Unix seconds; older corrections are left out.
        sources: Whose corrections count; left out: everybody's, a reviewer's before an agent's before a customer's.
    """

    since: Annotated[float, Field(ge=0)] = 0.0
    sources: Annotated[list[Source], Field(min_length=1, max_length=3)] | None = None


class RowsMade(Reply):
    """What came of it.

    Attributes:
        file_id: The file, as if it had been uploaded.
        rows: In it: one for each turn that was corrected.
        disagreements: Turns of which people of one kind said different things; the newest counts.
        waiting: Turns left out, since a second person has to name the same intent first.
    """

    object: Literal["feedback.rows"] = "feedback.rows"
    file_id: str
    rows: int
    disagreements: int
    waiting: int
