"""``/v1/bots``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from services.gateway.schemas.base import Body, Reply, Resource


class BotSource(Body):
    """The bot file in a JSON body; it can also be the body itself, as ``application/yaml``."""

    source: Annotated[str, StringConstraints(min_length=1)]


class BotSummary(Resource):
    """A version of the bot file.

    Attributes:
        id: The version as text, for paging.
        active: Whether it answers now; the newest does.
        sha256: Of its source.
        actor: The key that applied it.
    """

    object: Literal["bot"] = "bot"
    version: int
    created_at: int
    active: bool
    sha256: str
    actor: str


class BotObject(BotSummary):
    """A version with its YAML text."""

    source: str


class BotVerdict(Reply):
    """A bot file without a fault."""

    object: Literal["bot.verdict"] = "bot.verdict"
    valid: Literal[True] = True
    name: str
    flows: int
    answers: int
    knowledge: int
