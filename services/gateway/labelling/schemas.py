"""``/v1/labelling``."""

from __future__ import annotations

from typing import Literal

from services.gateway.feedback.schemas import Correction
from services.gateway.http.bodies.schemas import Reply, Resource
from shared.contracts.chat.understanding import IntentScore, Sentiment

Choice = Literal["uncertainty", "disagreement", "novelty", "complaints", "four_eyes"]


class GivenLabel(Reply):
    """What somebody else has said of the turn."""

    author: str
    correct: Correction


class LabellingItem(Resource):
    """A turn that is worth a look; label it by `POST /v1/feedback` with `source: reviewer` and your `author`.

    Attributes:
        id: Of the turn.
        text: What the customer said.
        before: The bot's and the customer's last words.
        ranking: What the model takes it for, likeliest first.
        why: What brought it into the queue: its score, or a comment.
        labels: What others said, where the queue is of disagreements, or of what needs a second person.
    """

    object: Literal["labelling.item"] = "labelling.item"
    conversation_id: str
    created_at: int
    text: str
    before: list[str]
    ranking: list[IntentScore]
    sentiment: Sentiment | None
    why: str
    labels: list[GivenLabel]


class LabellingQueue(Reply):
    """The next turns to look at, the most useful first."""

    object: Literal["labelling.queue"] = "labelling.queue"
    by: Choice
    data: list[LabellingItem]


class Agreement(Reply):
    """How far people agree on intents.

    Attributes:
        turns: Labelled by two people at least.
        agreement: Share of them on which the first two agree; null without any.
        kappa: Cohen's, the same beyond chance; null where it says nothing.
        disagreements: Turns of which people said different things, newest first, up to a hundred.
    """

    object: Literal["labelling.agreement"] = "labelling.agreement"
    turns: int
    agreement: float | None
    kappa: float | None
    disagreements: list[str]
