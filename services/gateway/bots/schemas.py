"""``/v1/bots``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.gateway.http.bodies.schemas import Body, Name, Reply, Resource


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


class AddKnowledge(Body):
    """Which accepted proposals become a part of the bot file; without them, all that are not in it yet."""

    proposals: Annotated[list[Name], Field(min_length=1, max_length=500)] | None = None


class KnowledgeAdded(Reply):
    """The version that is in service, and the proposals that it has gained; none: they were all in it."""

    object: Literal["bot.knowledge_added"] = "bot.knowledge_added"
    version: int
    added: list[str]


class TryBot(Body):
    """Dialogues, and what to try them on."""

    dialogues: Annotated[str, StringConstraints(min_length=1)]
    """The dialogue file (YAML)."""
    bot: str | None = None
    """A bot file (YAML); without it the one in service."""
    model: Name | None = None
    """A model id; without it the model in production."""


class WrongTurnObject(Reply):
    """A turn of which something that was expected did not come.

    Attributes:
        dialogue: The name of its dialogue.
        turn: Its number in it, from 1.
        user: What the customer said.
        answer: What the bot said.
        misses: What was expected and what came, a sentence each.
    """

    dialogue: str
    turn: int
    user: str
    answer: str
    misses: list[str]


class BotTest(Reply):
    """What came of the dialogues."""

    object: Literal["bot.test"] = "bot.test"
    model: str
    dialogues: int
    dialogues_right: int
    turns: int
    turns_right: int
    accuracy: float
    """Share of the turns that are right, 0..1."""
    wrong: list[WrongTurnObject]


class BotVerdict(Reply):
    """A bot file without a fault."""

    object: Literal["bot.verdict"] = "bot.verdict"
    valid: Literal[True] = True
    name: str
    flows: int
    answers: int
    knowledge: int
