"""``/v1/webhook_endpoints`` and ``/v1/webhook_event_types``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from services.gateway.http.access.auth import AdminCaller
from services.gateway.http.bodies.schemas import Deleted, EmptyRequest, Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from services.gateway.webhooks.objects import delivery_object, endpoint_object, event_body
from services.gateway.webhooks.schemas import (
    ChangeEndpoint,
    CreateEndpoint,
    DeliveryObject,
    EndpointObject,
    EndpointWithSecret,
    EventTypeList,
    RotateSecret,
    SampleEvent,
    SampleSent,
)
from shared.contracts.webhooks import WEBHOOK_EVENT_TYPES
from shared.errors import InvalidInput, Unavailable
from shared.outbound.signing import new_secret
from shared.storage import webhooks
from shared.storage.database.identity import new_id
from shared.storage.tables.webhooks import DeliveryStatus, WebhookEndpoint

router = resource("Webhooks")

#: Endpoints that there may be: every event is weighed against each.
MAX_ENDPOINTS = 50
#: Seconds for which a replaced secret still counts, if that was asked for.
GRACE_SECONDS = 86_400.0


@router.post("/webhook_endpoints")
def create(body: CreateEndpoint, state: State, caller: AdminCaller) -> EndpointWithSecret:
    """Have events told to a URL. The signing secret is shown this once."""
    state.webhooks.client.check(body.url)
    now = state.clock()
    endpoint = WebhookEndpoint(
        id=new_id("wh_"),
        name=body.name,
        url=body.url,
        event_types=list(dict.fromkeys(body.event_types)),
        secret=new_secret(),
        created_at=now,
        updated_at=now,
        key_id=caller.key_id,
    )
    with state.database.transaction() as session:
        if webhooks.count(session) >= MAX_ENDPOINTS:
            raise InvalidInput(f"There are {MAX_ENDPOINTS} endpoints already; delete one.", code="too_many_endpoints")
        return _with_secret(webhooks.add(session, endpoint))


@router.get("/webhook_endpoints")
def list_endpoints(
    state: State, _caller: AdminCaller, after: After = None, limit: Limit = 20
) -> Listing[EndpointObject]:
    """Endpoints, newest first."""
    with state.database.reading() as session:
        page = webhooks.page(session, after=after, limit=limit)
    return Listing[EndpointObject].of([endpoint_object(one) for one in page.items], has_more=page.has_more)


@router.get("/webhook_event_types")
def list_event_types(_caller: AdminCaller) -> EventTypeList:
    """What there is to be told of."""
    return EventTypeList(data=list(WEBHOOK_EVENT_TYPES))


@router.get("/webhook_endpoints/{webhook_endpoint_id}")
def retrieve(webhook_endpoint_id: str, state: State, _caller: AdminCaller) -> EndpointObject:
    """One endpoint."""
    with state.database.reading() as session:
        return endpoint_object(webhooks.get(session, webhook_endpoint_id))


@router.post("/webhook_endpoints/{webhook_endpoint_id}")
def change(webhook_endpoint_id: str, body: ChangeEndpoint, state: State, _caller: AdminCaller) -> EndpointObject:
    """Change an endpoint. What is owed to it goes to the new URL."""
    if body.url is not None:
        state.webhooks.client.check(body.url)
    given: dict[str, Any] = body.model_dump(exclude_none=True)
    if "event_types" in given:
        given["event_types"] = list(dict.fromkeys(given["event_types"]))
    with state.database.transaction() as session:
        endpoint = webhooks.get(session, webhook_endpoint_id)
        changes = {name: value for name, value in given.items() if getattr(endpoint, name) != value}
        if changes:
            endpoint = webhooks.change(session, webhook_endpoint_id, changes, state.clock())
        return endpoint_object(endpoint)


@router.delete("/webhook_endpoints/{webhook_endpoint_id}")
def delete(webhook_endpoint_id: str, state: State, _caller: AdminCaller) -> Deleted:
    """Delete an endpoint, with what is owed to it and the log of what it was told."""
    with state.database.transaction() as session:
        webhooks.delete(session, webhook_endpoint_id)
    return Deleted(id=webhook_endpoint_id, object="webhook_endpoint.deleted")


@router.post("/webhook_endpoints/{webhook_endpoint_id}/rotate_secret")
def rotate_secret(
    webhook_endpoint_id: str, state: State, _caller: AdminCaller, body: RotateSecret | None = None
) -> EndpointWithSecret:
    """Replace the signing secret; the new one is shown this once. With the grace of a day messages are signed with both."""
    now = state.clock()
    keep = body is not None and body.keep_old_secret_active_for_24_hours
    with state.database.transaction() as session:
        old = webhooks.get(session, webhook_endpoint_id).secret
        changes = {
            "secret": new_secret(),
            "previous_secret": old if keep else None,
            "previous_until": now + GRACE_SECONDS if keep else None,
        }
        return _with_secret(webhooks.change(session, webhook_endpoint_id, changes, now))


@router.post("/webhook_endpoints/{webhook_endpoint_id}/test")
def send_sample(webhook_endpoint_id: str, body: SampleEvent, state: State, _caller: AdminCaller) -> SampleSent:
    """Send a sample now, once; `data.id` is `sample`. Whatever the receiver answers is told."""
    with state.database.reading() as session:
        endpoint = webhooks.get(session, webhook_endpoint_id)
    event_id = new_id("evt_")
    sample = event_body(event_id, body.event_type, state.clock(), {"id": "sample"})
    try:
        status = state.webhooks.send(endpoint, event_id, sample)
    except Unavailable as error:
        raise InvalidInput(f"Nobody answered the sample: {error.message}.", code="webhook_unreachable") from error
    return SampleSent(webhook_endpoint_id=endpoint.id, event_type=body.event_type, status_code=status)


@router.get("/webhook_endpoints/{webhook_endpoint_id}/deliveries")
def list_deliveries(
    webhook_endpoint_id: str,
    state: State,
    _caller: AdminCaller,
    status: Annotated[DeliveryStatus | None, Query(description="Only those.")] = None,
    after: After = None,
    limit: Limit = 20,
) -> Listing[DeliveryObject]:
    """What an endpoint was told and what is owed to it, newest first, with every try. Kept for 30 days."""
    with state.database.reading() as session:
        webhooks.get(session, webhook_endpoint_id)
        page = webhooks.deliveries(session, webhook_endpoint_id, status=status, after=after, limit=limit)
    return Listing[DeliveryObject].of([delivery_object(one) for one in page.items], has_more=page.has_more)


@router.post("/webhook_endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}/retry")
def retry(
    webhook_endpoint_id: str,
    delivery_id: str,
    state: State,
    _caller: AdminCaller,
    _body: EmptyRequest | None = None,
) -> DeliveryObject:
    """Try a delivery again, now, however it ended."""
    with state.database.transaction() as session:
        return delivery_object(webhooks.repeat(session, webhook_endpoint_id, delivery_id, state.clock()))


def _with_secret(endpoint: WebhookEndpoint) -> EndpointWithSecret:
    return EndpointWithSecret(**endpoint_object(endpoint).model_dump(), signing_secret=endpoint.secret)
