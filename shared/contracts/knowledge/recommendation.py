"""What to offer next: the question, its answer, and the news that a catalog has changed."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.contracts.message import REPLY, Exchange, Message, Route, Value

CatalogId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,54}$")]

MAX_OFFERED = 100
MAX_SESSION = 1_000

ReasonKind = Literal["behaviour", "likeness", "query", "popularity"]


class RecommendItems(Message):
    """What to offer to somebody, or what is like an item.

    Attributes:
        catalog: From which.
        who: ``u:`` and a user, or ``s:`` and a session, whose events are stored.
        session: Items that somebody chose just now, oldest first.
        query: A text that what is offered should be about.
        similar_to: An item, for others like it; then nobody is asked about.
        n: How many, at most.
        filters: Of attributes; see ``shared.tasks.recommendation.filters``.
        exclude_seen: Whether what somebody has chosen already is left out.
        diversity: 0: the best ones; 1: as unlike one another as can be.
        explain: Whether each comes with its evidence.
    """

    TYPE: ClassVar[str] = "items.recommend"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "recommendation")

    catalog: str
    who: str | None = None
    session: tuple[str, ...] = ()
    query: str | None = None
    similar_to: str | None = None
    n: int = 10
    filters: dict[str, Any] | None = None
    exclude_seen: bool = True
    diversity: float = 0.0
    explain: bool = True


class Reason(Value):
    """Why an item is offered.

    Attributes:
        kind: What spoke for it most: what was chosen before, its text, the text that was asked by, or that many choose it now.
        items: Those of the person's items that led here, the loudest first.
        likeness: Of its text to what it is like, -1 to 1.
        popularity: How many chose it lately, in choices of today.
    """

    kind: ReasonKind
    items: tuple[str, ...] = ()
    likeness: float | None = None
    popularity: float | None = None


class OfferedItem(Value):
    """An item that is offered; only differences between the scores of one answer have a meaning."""

    item_id: str
    score: float
    title: str | None = None
    reason: Reason | None = None


class ItemsRecommended(Message):
    """What to offer, best first.

    Attributes:
        items: Of those asked for.
        model: Which ranked them; ``None``: none is trained yet, and likeness and popularity did.
    """

    TYPE: ClassVar[str] = "items.recommended"
    ROUTE: ClassVar[Route] = REPLY

    items: tuple[OfferedItem, ...]
    model: str | None = None


class CatalogChanged(Message):
    """Items of a catalog were changed. Only a wake-up: whoever is asked looks into the database anyway."""

    TYPE: ClassVar[str] = "catalog.changed"
    ROUTE: ClassVar[Route] = Route(Exchange.EVENTS, "catalog.changed")

    catalog: Annotated[str, Field(max_length=64)]
