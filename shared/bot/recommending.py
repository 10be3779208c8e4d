"""Offering items of a catalog in a chat: when, which of them, and how many."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.bot.parts import Labels, Name, Part

Catalog = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,54}$")]
Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]

ORDERED = frozenset(("gt", "gte", "lt", "lte"))
"""Comparisons that need a number."""
NUMBERS = frozenset(("number", "count", "amount"))
"""Types of slots that hold one."""


class SlotFilter(Part):
    """How the value of a slot narrows the items.

    Attributes:
        key: A field of an item's ``meta``, or ``item_id``, ``title``, ``price``, ``category``.
        type: How it is compared with the value.
    """

    key: Key
    type: Literal["eq", "ne", "gt", "gte", "lt", "lte"] = "eq"


class Recommend(Part):
    """Items offered in the chat.

    Attributes:
        catalog: Where they are.
        intents: What asks for them.
        filters: By slot: only items that fit its value, once it is known.
        query: Slots whose values, once known, say what the items should be about.
        by_message: Whether the message itself says so.
        items: How many are offered at once.
        diversity: 0: the best ones; 1: as unlike one another as can be.
    """

    catalog: Catalog
    intents: Annotated[Labels, Field(min_length=1)]
    filters: Annotated[dict[Name, SlotFilter], Field(max_length=16)] = Field(default_factory=dict)
    query: Annotated[tuple[Name, ...], Field(max_length=8)] = ()
    by_message: bool = False
    items: Annotated[int, Field(ge=1, le=10)] = 3
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.0
