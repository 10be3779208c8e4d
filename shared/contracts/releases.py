"""What makes the inference services change their model or their bot."""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.message import Exchange, Message, Route


class ModelPublished(Message):
    """The production model of a slot changed (promotion or rollback); every inference process swaps it in.

    Only a wake-up: the promotions table is the truth, and processes also look there now and then.
    """

    TYPE: ClassVar[str] = "model.published"
    ROUTE: ClassVar[Route] = Route(Exchange.EVENTS, "release.model", durable=True)

    slot: str
    """The task that the model serves, e.g. ``nlu``."""
    model_id: str


class BotPublished(Message):
    """Another version of the bot file is active. Only a wake-up: the bots table is the truth."""

    TYPE: ClassVar[str] = "bot.published"
    ROUTE: ClassVar[Route] = Route(Exchange.EVENTS, "release.bot", durable=True)

    version: int
