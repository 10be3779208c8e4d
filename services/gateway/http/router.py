"""The router that every resource starts from."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request

from services.gateway.http.bodies.json_body import JsonRoute
from services.gateway.http.bodies.schemas import ErrorBody

_MEANINGS: dict[int | str, str] = {
    400: "Something in the request is wrong; `param` names it.",
    401: "There is no API key, or it is unknown or revoked.",
    403: "The role of the key is too low.",
    404: "There is no such resource.",
    408: "The body came too slowly.",
    409: "Another request changed the same thing first; repeat this one.",
    413: "The body is too large.",
    415: "The body has another media type than it must have.",
    429: "The key is over its rate, or every queue is full; repeat after `Retry-After` seconds.",
    500: "A mistake of ours; the request id leads to it.",
    503: "Something that is needed is away; repeat later.",
    504: "Nobody answered in time; repeat later.",
}

#: Documented for every route. ``default`` keeps the framework from documenting a 422, which is never sent.
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": meaning}
    for status, meaning in (_MEANINGS | {"default": "Any other error has the same body."}).items()
}

After = Annotated[str | None, Query(max_length=256, description="Id of the last item of the page before.")]
Before = Annotated[str | None, Query(max_length=256, description="Id of the first item of the page after.")]
Order = Annotated[Literal["asc", "desc"], Query(description="By the time at which they were made.")]
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

_METADATA = re.compile(r"metadata\[([^\]]{1,64})\]")


async def _metadata_filter(request: Request) -> dict[str, str]:
    """``metadata[k]=v`` of the query, as the official client writes it."""
    pairs = ((_METADATA.fullmatch(name), value) for name, value in request.query_params.multi_items())
    return {match[1]: value for match, value in pairs if match}


MetadataFilter = Annotated[dict[str, str], Depends(_metadata_filter)]


def resource(tag: str) -> APIRouter:
    """A router under ``/v1`` with our body parser and our errors."""
    return APIRouter(prefix="/v1", tags=[tag], route_class=JsonRoute, responses=ERRORS)
