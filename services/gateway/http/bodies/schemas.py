"""The base of requests and replies, the list envelope, and the error body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.faults import Fault

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


class EmptyRequest(Body):
    """Nothing, or an empty object."""


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


class ErrorDetail(Reply):
    """What went wrong.

    Attributes:
        message: A sentence for a person.
        type: ``invalid_request_error``, ``authentication_error``, ``permission_error``, ``rate_limit_error`` or
            ``server_error``.
        param: The field at fault.
        code: A stable name for programs.
        faults: Each wrong row or line of a refused file; left out otherwise.
    """

    message: str
    type: str
    param: str | None = None
    code: str | None = None
    faults: tuple[Fault, ...] | None = None


class ErrorBody(Reply):
    """The body of every answer with a status of 400 and more."""

    error: ErrorDetail
