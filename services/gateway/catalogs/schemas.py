"""The shapes of catalogs, items, events and people."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from services.gateway.http.bodies.schemas import Body, Reply, Resource
from shared.contracts.faults import Fault
from shared.contracts.knowledge.recommendation import CatalogId

CatalogName = Annotated[str, StringConstraints(min_length=1, max_length=256)]

_HOUR, _YEAR = 3_600.0, 366 * 86_400.0
_FEWEST, _MOST_EVENTS = 100, 10_000_000


class CreateCatalog(Body):
    """A catalog."""

    id: CatalogId
    name: CatalogName | None = None
    retrain_seconds: Annotated[float, Field(ge=_HOUR, le=_YEAR)] | None = None
    """How old the newest model may be before it is trained again by itself, if there are new events."""
    retrain_events: Annotated[int, Field(ge=_FEWEST, le=_MOST_EVENTS)] | None = None
    """New events after which it is."""
    retrain_drift: Annotated[float, Field(gt=0, le=1)] | None = None
    """The share of new events about items that the model never saw, from which on it is. Without any of the three it is trained by hand."""


class ChangeCatalog(Body):
    """What is to be changed of a catalog; what is left out stays."""

    name: CatalogName | None = None
    retrain_seconds: Annotated[float, Field(ge=0, le=_YEAR)] | None = None
    """`0`: no longer; else at least an hour."""
    retrain_events: Annotated[int, Field(ge=0, le=_MOST_EVENTS)] | None = None
    """`0`: no longer; else at least 100."""
    retrain_drift: Annotated[float, Field(ge=0, le=1)] | None = None
    """`0`: no longer."""


class CatalogObject(Resource):
    """A catalog."""

    object: Literal["catalog"] = "catalog"
    name: str
    created_at: int
    items: int
    model: str | None
    """In production for it; without one, items are offered by popularity and likeness."""
    retrain_seconds: float | None
    retrain_events: int | None
    retrain_drift: float | None


class Written(Reply):
    """What became of the lines of a body.

    Attributes:
        accepted: Lines that were taken, and are stored for good.
        new: Of these, those that were not there before (of events; items are written again).
        ignored: Events of people who have opted out: nothing of them is kept.
        refused: Lines that were not taken.
        faults: Why not; the first 100.
    """

    object: Literal["catalog.written"] = "catalog.written"
    accepted: int
    new: int
    ignored: int = 0
    refused: int
    faults: list[Fault]


class ItemObject(Resource):
    """An item; its ``id`` is its ``item_id``."""

    object: Literal["catalog.item"] = "catalog.item"
    item_id: str
    text: str
    title: str | None
    categories: list[str]
    price: float | None
    available: bool
    meta: dict[str, Any]
    updated_at: int


class EventObject(Reply):
    """Something that somebody did."""

    event_id: str
    item_id: str
    type: str
    value: float | None
    timestamp: float


class Share(Reply):
    """A part of what somebody chose."""

    name: str
    share: float


class Profile(Reply):
    """What is made of somebody's events.

    Attributes:
        chosen: Items that speak for what is offered next, oldest first.
        refused: Items that are not offered.
        categories: How much of what was chosen is of which category, most first.
        usual_price: The median of the prices of what was chosen.
    """

    chosen: list[str]
    refused: list[str]
    categories: list[Share]
    usual_price: float | None


class PersonObject(Resource):
    """All that is kept of somebody in a catalog."""

    object: Literal["catalog.user"] = "catalog.user"
    catalog: str
    opted_out: bool
    profile: Profile
    events: list[EventObject]


class OptOut(Body):
    """Whether anything of somebody may be kept."""

    opted_out: bool


class Forgotten(Reply):
    """What is left of somebody: nothing."""

    id: str
    object: Literal["catalog.user.deleted"] = "catalog.user.deleted"
    deleted: Literal[True] = True
    events: int
    """How many were deleted."""
