"""What is asked, and what is offered."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from services.gateway.http.bodies.schemas import Body, Reply
from shared.contracts.knowledge.recommendation import MAX_OFFERED, MAX_SESSION, CatalogId, Reason
from shared.tasks.recommendation.record import MAX_ID

Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)]
Count = Annotated[int, Field(ge=1, le=MAX_OFFERED)]


class Asked(Body):
    """What every question has."""

    n: Count = 10
    filters: dict[str, Any] | None = None
    """Comparisons of attributes, joined by `and` and `or`, as vector stores have them; keys are the fields of `meta`, and `item_id`, `title`, `price`, `category`."""
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.0
    """`0`: the best ones; `1`: as unlike one another as can be."""
    explain: bool = True
    """Whether each comes with its reason."""


class RecommendRequest(Asked):
    """Who is asking: a user, a session, a text, or nobody, who is offered what is popular now."""

    catalog: CatalogId
    user_id: Id | None = None
    session_id: Id | None = None
    """Of somebody who is not known by name, and whose events were sent."""
    session: Annotated[list[Id], Field(max_length=MAX_SESSION)] = Field(default_factory=list)
    """Items that were chosen just now, oldest first; nothing of them is kept."""
    query: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    exclude_seen: bool = True
    """Whether what was bought or liked, or is in `session`, is left out."""

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if self.user_id is not None and self.session_id is not None:
            raise ValueError("name user_id or session_id, and not both")
        return self

    @property
    def who(self) -> str | None:
        """As events have it."""
        if self.user_id is not None:
            return f"u:{self.user_id}"
        return None if self.session_id is None else f"s:{self.session_id}"


class SimilarRequest(Asked):
    """Others like an item."""


class Recommendation(Reply):
    """An item that is offered; only differences between the scores of one answer have a meaning."""

    object: Literal["recommendation"] = "recommendation"
    item_id: str
    title: str | None
    score: float
    rank: int
    reason: Reason | None


class Recommendations(Reply):
    """What to offer, best first."""

    object: Literal["list"] = "list"
    data: list[Recommendation]
    catalog: str
    model: str | None
    """Which ranked them; `null`: none is in production yet, and popularity and likeness did."""
