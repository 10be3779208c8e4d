"""The base of requests and replies, and the list envelope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=64)],
        Annotated[str, StringConstraints(max_length=512)],
    ],
    Field(max_length=16),
]


class Body(BaseModel):
    """A request body; unknown fields are refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reply(BaseModel):
    """A reply; absent values are ``null``."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Resource(Reply):
    """A reply with an id, which lists can be paged by."""

    id: str


ItemT = TypeVar("ItemT", bound=Resource)


class Listing(Reply, Generic[ItemT]):
    """A page of resources; ``after=<last_id>`` asks for the next one while ``has_more``."""

    object: Literal["list"] = "list"
    data: list[ItemT]
    first_id: str | None
    last_id: str | None
    has_more: bool

    @classmethod
    def of(cls, items: Sequence[ItemT], *, has_more: bool = False) -> Self:
        """A page of these items."""
        return cls(
            data=list(items),
            first_id=items[0].id if items else None,
            last_id=items[-1].id if items else None,
            has_more=has_more,
        )


class Deleted(Reply):
    """What is left of a resource."""

    id: str
    object: str
    deleted: Literal[True] = True
