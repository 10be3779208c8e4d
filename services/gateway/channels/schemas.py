"""``/v1/channels``."""

from __future__ import annotations

from typing import Any, Literal

from services.gateway.http.bodies.schemas import Resource


class CustomerChannelObject(Resource):
    """A channel, without its secrets.

    Attributes:
        setting: What it was told to be.
        door: Path that the messenger or inbox posts to.
        signing_secret: Of a webhook, when it was made just now; it is shown this once.
        problem: Why the last message could not be brought there.
    """

    object: Literal["channel"] = "channel"
    created_at: int
    updated_at: int
    setting: dict[str, Any]
    door: str
    signing_secret: str | None = None
    problem: str | None
    delivered_at: int | None


class ChannelMessageObject(Resource):
    """A message that came over a channel or is to go there; of its words nothing is told here.

    Attributes:
        direction: ``in`` from the customer, ``out`` to them.
        status: ``pending``, ``done`` (answered, or taken by the channel) or ``failed`` (given up; ``problem`` says why).
    """

    object: Literal["channel.message"] = "channel.message"
    thread: str
    direction: Literal["in", "out"]
    external_id: str
    created_at: int
    status: Literal["pending", "done", "failed"]
    attempts: int
    next_attempt_at: int | None
    finished_at: int | None
    problem: str | None
