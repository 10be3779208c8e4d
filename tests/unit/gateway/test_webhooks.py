"""Webhook endpoints through the official client, delivered to a real server and unwrapped by that client."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import InvalidWebhookSignatureError, OpenAI

from services.gateway.webhooks.delivery import LIFETIME_SECONDS, PAUSES, WebhookDeliveries, WebhookSender
from shared.outbound.client import OutboundClient
from shared.outbound.signing import new_secret, signed_headers
from shared.retrying import Backoff
from shared.storage import webhooks
from tests.receiver import Receiver, receiving
from tests.unit.gateway.platform import Platform
from tests.waiting import wait_for


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def endpoint(client: OpenAI, receiver: Receiver) -> Iterator[Any]:
    made = client.webhooks.create(name="ours", url=receiver.url, event_types=["batch.completed", "batch.failed"])
    yield made
    client.webhooks.delete(made.id)


def happen(platform: Platform, event: Any = "batch.completed", subject: str = "batch_7") -> None:
    with platform.database.transaction() as session:
        webhooks.emit(session, event, {"id": subject}, time.time())


def test_the_client_manages_endpoints(client: OpenAI, receiver: Receiver) -> None:
    made = client.webhooks.create(name="ours", url=receiver.url, event_types=["batch.completed"])
    assert made.signing_secret.startswith("whsec_")
    assert made.signing_secret_hint is not None
    assert made.signing_secret[-4:] in made.signing_secret_hint
    got = client.webhooks.retrieve(made.id)
    assert (got.name, got.url, got.event_types) == ("ours", receiver.url, ["batch.completed"])
    assert "signing_secret" not in got.model_dump()
    assert made.id in [one.id for one in client.webhooks.list(limit=100)]
    changed = client.webhooks.update(made.id, name="theirs", event_types=["batch.failed"])
    assert (changed.name, changed.event_types, changed.url) == ("theirs", ["batch.failed"], receiver.url)
    assert "batch.completed" in client.webhooks.event_types.list().data
    gone = client.webhooks.delete(made.id)
    assert (gone.deleted, gone.object) == (True, "webhook_endpoint.deleted")
    with pytest.raises(openai.NotFoundError):
        client.webhooks.retrieve(made.id)


def test_an_event_arrives_and_the_client_unwraps_it(
    client: OpenAI, platform: Platform, endpoint: Any, receiver: Receiver
) -> None:
    happen(platform)
    wait_for(lambda: bool(receiver.received), 10)
    got = receiver.received[0]
    event: Any = client.webhooks.unwrap(got.body, got.headers, secret=endpoint.signing_secret)
    assert (event.type, event.data.id) == ("batch.completed", "batch_7")
    with pytest.raises(InvalidWebhookSignatureError):
        client.webhooks.unwrap(got.body + b" ", got.headers, secret=endpoint.signing_secret)


def test_a_failure_is_tried_again_with_the_same_id_and_both_tries_are_told(
    http: httpx.Client, platform: Platform, endpoint: Any, receiver: Receiver
) -> None:
    receiver.answers = [500]
    happen(platform, "batch.failed", "batch_8")
    deliveries = f"/v1/webhook_endpoints/{endpoint.id}/deliveries"

    def pending() -> list[Any]:
        return [one for one in http.get(deliveries).json()["data"] if one["attempts"]]

    wait_for(lambda: bool(pending()), 10)
    first = pending()[0]
    assert (first["status"], first["attempts"][0]["status_code"]) == ("pending", 500)
    assert first["next_attempt_at"] >= first["created_at"] + PAUSES.first - 1
    http.post(f"{deliveries}/{first['id']}/retry").raise_for_status()
    wait_for(lambda: http.get(f"{deliveries}?status=delivered").json()["data"] != [], 10)
    told = http.get(deliveries).json()["data"][0]
    assert [one["status_code"] for one in told["attempts"]] == [500, 200]
    assert {one.headers["webhook-id"] for one in receiver.received} == {told["event_id"]}
    assert receiver.received[0].body == receiver.received[1].body


def test_a_sample_is_sent_at_once(client: OpenAI, endpoint: Any, receiver: Receiver) -> None:
    receiver.answers = [418]
    result = client.webhooks.test(endpoint.id, event_type="fine_tuning.job.failed")
    assert (result.status_code, result.success, result.webhook_endpoint_id) == (418, True, endpoint.id)
    event = client.webhooks.unwrap(
        receiver.received[0].body, receiver.received[0].headers, secret=endpoint.signing_secret
    )
    assert event.type == "fine_tuning.job.failed"


def test_a_replaced_secret_counts_for_a_day_if_asked(client: OpenAI, endpoint: Any, receiver: Receiver) -> None:
    new = client.webhooks.rotate_secret(endpoint.id, keep_old_secret_active_for_24_hours=True).signing_secret
    client.webhooks.test(endpoint.id, event_type="batch.failed")
    got = receiver.received[0]
    for secret in (endpoint.signing_secret, new):
        client.webhooks.unwrap(got.body, got.headers, secret=secret)
    newest = client.webhooks.rotate_secret(endpoint.id).signing_secret
    client.webhooks.test(endpoint.id, event_type="batch.failed")
    got = receiver.received[1]
    client.webhooks.unwrap(got.body, got.headers, secret=newest)
    with pytest.raises(InvalidWebhookSignatureError):
        client.webhooks.unwrap(got.body, got.headers, secret=new)


@pytest.mark.parametrize("url", ["https://10.0.0.1/", "https://[::1]/", "http://1.1.1.1/", "nonsense"])
def test_addresses_inside_are_refused(client: OpenAI, url: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.webhooks.create(name="x", url=url, event_types=["batch.failed"])
    assert (refused.value.param, refused.value.code) == ("url", "address_refused")


def test_what_never_happens_here_is_refused_by_name(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"video\.completed"):
        client.webhooks.create(name="x", url="https://1.1.1.1/", event_types=["video.completed"])


def test_nobody_but_an_admin_manages_endpoints(platform: Platform) -> None:
    with platform.client(platform.key("train")) as other, pytest.raises(openai.PermissionDeniedError):
        other.webhooks.list()


def test_it_is_given_up_after_a_day_and_not_before(platform: Platform, receiver: Receiver) -> None:
    """With a clock of our own: each look is at the moment at which the delivery is due."""
    receiver.answers = [500] * 50
    now = time.time()
    with platform.http() as http:
        body = {"name": "x", "url": receiver.url, "event_types": ["response.failed"]}
        made = http.post("/v1/webhook_endpoints", json=body).json()["id"]
        clock = [now]
        sender = WebhookSender(OutboundClient(platform.settings.outbound_networks), lambda: clock[0])
        deliveries = WebhookDeliveries(platform.database, sender, lambda: clock[0], pauses=Backoff(1000.0, 14_400.0))
        with platform.database.transaction() as session:
            webhooks.emit(session, "response.failed", {"id": "resp_1"}, now + 10**6)  # not due for the gateway itself
            clock[0] = now + 10**6
        for _ in range(40):
            with platform.database.transaction() as session:
                claimed = webhooks.claim(session, token="t", now=clock[0], hold_seconds=60.0, limit=1)
            if not claimed:
                break
            deliveries._try(*claimed[0])
            with platform.database.reading() as session:
                delivery = webhooks.deliveries(session, made).items[0]
            clock[0] = delivery.next_at
        assert delivery.status == "failed"
        tried = [one["at"] for one in delivery.tries]
        assert len(tried) >= 8
        assert LIFETIME_SECONDS - 14_400 <= tried[-1] - tried[0] <= LIFETIME_SECONDS
        http.delete(f"/v1/webhook_endpoints/{made}")


def test_signatures_are_those_of_the_convention(client: OpenAI) -> None:
    secret = new_secret()
    headers = signed_headers([secret], "evt_1", int(time.time()), b"{}")
    client.webhooks.verify_signature(b"{}", headers, secret=secret)
    with pytest.raises(InvalidWebhookSignatureError):
        client.webhooks.verify_signature(b"{}", headers, secret=new_secret())
