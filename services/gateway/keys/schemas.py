"""``/v1/keys``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.http.bodies.schemas import Body, Resource


class CreateKey(Body):
    """A new key.

    Attributes:
        name: For people.
        role: ``chat``, ``train`` or ``admin``; each may do what the ones before it may.
        requests_per_minute: Instead of the platform's default.
    """

    name: Annotated[str, Field(min_length=1, max_length=128)]
    role: Literal["chat", "train", "admin"]
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class KeyObject(Resource):
    """An API key, without its secret."""

    object: Literal["api_key"] = "api_key"
    name: str
    role: Literal["chat", "train", "admin"]
    hint: str
    """Its last four characters."""
    created_at: int
    revoked_at: int | None
    requests_per_minute: int | None


class NewKey(KeyObject):
    """An API key with its secret, which is never shown again."""

    key: str
