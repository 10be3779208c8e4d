"""``/v1/webhook_endpoints``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from services.gateway.http.bodies.schemas import Body, Name, Reply, Resource
from shared.contracts.webhooks import WEBHOOK_EVENT_TYPES, WebhookEventType


def _known(name: str) -> str:
    if name not in WEBHOOK_EVENT_TYPES:
        raise ValueError(f"'{name}' never happens here; GET /v1/webhook_event_types lists what does")
    return name


EventType = Annotated[str, StringConstraints(max_length=128), AfterValidator(_known)]
EventTypes = Annotated[list[EventType], Field(min_length=1, max_length=64)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2048)]


class CreateEndpoint(Body):
    """A new endpoint."""

    name: Name
    url: Url
    event_types: EventTypes


class ChangeEndpoint(Body):
    """What is to be changed; what is left out stays."""

    name: Name | None = None
    url: Url | None = None
    event_types: EventTypes | None = None


class RotateSecret(Body):
    """How the secret is replaced."""

    keep_old_secret_active_for_24_hours: bool = False


class SampleEvent(Body):
    """A sample to be sent."""

    event_type: EventType


class EndpointObject(Resource):
    """A webhook endpoint."""

    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    name: str
    url: str
    event_types: list[str]
    created_at: int
    updated_at: int
    signing_secret_hint: str
    """The last characters of its secret."""


class EndpointWithSecret(EndpointObject):
    """A webhook endpoint with its secret, which is shown this once."""

    signing_secret: str


class SampleSent(Reply):
    """What the receiver of a sample answered."""

    object: Literal["webhook_endpoint.test"] = "webhook_endpoint.test"
    webhook_endpoint_id: str
    event_type: str
    status_code: int
    success: Literal[True] = True


class EventTypeList(Reply):
    """Every event type there is."""

    object: Literal["list"] = "list"
    data: list[WebhookEventType]


class DeliveryTry(Reply):
    """One try: the receiver's status, or why there was none."""

    at: float
    ms: int
    status_code: int | None = None
    error: str | None = None


class DeliveryObject(Resource):
    """An event for an endpoint."""

    object: Literal["webhook_endpoint.delivery"] = "webhook_endpoint.delivery"
    webhook_endpoint_id: str
    event_id: str
    """As the receiver knows it: ``webhook-id``."""
    event_type: str
    data: dict[str, Any]
    status: Literal["pending", "delivered", "failed"]
    created_at: int
    finished_at: int | None
    next_attempt_at: int | None
    attempts: list[DeliveryTry]
