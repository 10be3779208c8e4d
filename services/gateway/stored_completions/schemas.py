"""``/v1/chat/completions``, those that are stored."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict

from services.gateway.http.bodies.schemas import Body, Metadata, Resource


class StoredCompletionObject(Resource):
    """A completion as its caller got it, with its metadata."""

    model_config = ConfigDict(frozen=True, extra="allow")

    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Any]
    usage: Any
    metadata: dict[str, str]


class StoredMessage(Resource):
    """A message that was asked."""

    role: str
    content: str | None
    content_parts: list[Any] | None = None
    """As they were sent, if they were."""


class ChangeCompletion(Body):
    """New metadata, in place of all that was there."""

    metadata: Metadata | None
