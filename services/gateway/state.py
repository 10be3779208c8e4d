"""What the routes work with: made once by the composition root, handed to each request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.gateway.alerts.feed import EventHub
from services.gateway.analysis.client import Texts
from services.gateway.attachments.reading import Attachments
from services.gateway.audio.client import Audio
from services.gateway.chat.generation import TextGeneration
from services.gateway.chat.lookup import ConversationLookup
from services.gateway.chat.turns import Turns
from services.gateway.colleagues.news import ConversationNews
from services.gateway.decisions.deciding import Decisions
from services.gateway.files.uploads import UploadStore
from services.gateway.http.access.keyring import KeyRing
from services.gateway.http.access.rate_limit import RateLimiter
from services.gateway.http.access.visitors import Visitors
from services.gateway.http.live_traffic import TrafficGauge
from services.gateway.jobs.submission import JobSubmission
from services.gateway.loop.rounds import Loop
from services.gateway.models.predictions import Predictions
from services.gateway.models.releases import ReleasePublisher
from services.gateway.moderations.moderator import Moderator
from services.gateway.operations.readiness import Readiness
from services.gateway.recommendations.client import RecommendationClient
from services.gateway.responses.answering import Answering
from services.gateway.responses.background import ResponseQueue
from services.gateway.responses.streaming import Followers
from services.gateway.settings import GatewaySettings
from services.gateway.status.reading import StatusReader
from services.gateway.vector_stores.documents import PassageSearch
from services.gateway.webhooks.delivery import WebhookSender
from shared.artifacts.store import ArtifactStore
from shared.messaging.bus import Publisher
from shared.messaging.requesting.requester import Requester
from shared.storage.database.engine import Database


@dataclass(frozen=True, slots=True)
class AppState:
    """A gateway process, whole."""

    settings: GatewaySettings
    clock: Callable[[], float]
    """Unix seconds."""
    database: Database
    store: ArtifactStore
    publisher: Publisher
    keys: KeyRing
    visitors: Visitors
    limiter: RateLimiter
    traffic: TrafficGauge
    conversations: ConversationLookup
    turns: Turns
    texts: Texts
    generation: TextGeneration
    predictions: Predictions
    moderator: Moderator
    attachments: Attachments
    audio: Audio
    passages: PassageSearch
    requester: Requester
    recommendations: RecommendationClient
    uploads: UploadStore
    submissions: JobSubmission
    loop: Loop
    releases: ReleasePublisher
    events: EventHub
    conversation_events: EventHub
    """For colleagues: that something has changed in a conversation, whose id is the topic."""
    sockets: EventHub
    """The same for customers, who are told of every turn."""
    news: ConversationNews
    webhooks: WebhookSender
    readiness: Readiness
    status: StatusReader
    decisions: Decisions
    responses: Answering
    response_queue: ResponseQueue
    followers: Followers


async def _state(request: Request) -> AppState:
    state: AppState = request.app.state.gateway
    return state


State = Annotated[AppState, Depends(_state)]
