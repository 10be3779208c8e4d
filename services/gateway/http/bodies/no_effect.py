"""Parameters that a request may hold though nothing comes of them: its answer says which they were."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

from fastapi import Response
from pydantic import BaseModel

ReplyT = TypeVar("ReplyT", bound=BaseModel)

HEADER = "x-parley-ignored"
"""Names the parameters of a request that were accepted without effect."""


def ignored(body: BaseModel, without_effect: Collection[str]) -> list[str]:
    """The parameters of a request that are without effect, if any was sent with a value."""
    sent = body.model_fields_set & set(without_effect)
    return sorted(name for name in sent if getattr(body, name) not in (None, [], {}))


def headers(names: Sequence[str]) -> dict[str, str]:
    """What tells of them."""
    return {HEADER: ", ".join(names)} if names else {}


def replied(reply: ReplyT, names: Sequence[str]) -> ReplyT | Response:
    """The reply, which tells of parameters without effect if there are any."""
    if not names:
        return reply
    return Response(reply.model_dump_json(), media_type="application/json", headers=headers(names))
