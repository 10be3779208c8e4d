"""The router that every resource starts from."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query

from services.gateway.body import JsonRoute
from services.gateway.schemas.errors import ErrorBody

#: Documented for every route; the classes keep the framework from documenting a 422 that is never sent.
ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "model": ErrorBody,
        "description": "The request was refused; repeating it as it is helps only after a 409 or 429.",
    },
    "5XX": {"model": ErrorBody, "description": "The request failed on our side; it may be repeated."},
}

After = Annotated[str | None, Query(max_length=256, description="Id of the last item of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100, description="Items on a page.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A repeated request with the same key is answered with what the first one made.",
    ),
]


def resource(tag: str) -> APIRouter:
    """A router under ``/v1`` with our body parser and our errors."""
    return APIRouter(prefix="/v1", tags=[tag], route_class=JsonRoute, responses=ERRORS)
