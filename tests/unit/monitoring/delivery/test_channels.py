"""Every kind of channel against a server that speaks its protocol: delivered only when that says so."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openai
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from services.monitoring.delivery.channel import Post, Undelivered
from services.monitoring.delivery.message import Notice
from services.monitoring.delivery.table import CHANNELS
from shared.contracts.monitoring.alert_channels import ChannelSetting
from shared.outbound.addresses import AddressRule
from shared.outbound.client import OutboundClient, OutboundRefused
from shared.outbound.signing import new_secret
from shared.storage.tables.core import Alert
from tests.unit.monitoring.delivery.receivers import Receiver, receiving

HERE = (ip_network("127.0.0.0/8"),)
NOW = 1_790_000_000.0
REFUSED = {"feishu": ("code", 19021), "dingtalk": ("errcode", 310000), "wecom": ("errcode", 93000)}
BUSY = {"feishu": 11232, "dingtalk": 130101, "wecom": 45009}


def notice(name: str = "notice_1", event: str = "firing") -> Notice:
    details = {
        "observed": 30.0,
        "expected": 9.5,
        "window_minutes": 5,
        "measure": "texts",
        "probability": 1e-7,
        "documents": [{"title": "北风 recalls <!channel> brakes"}],
        "terms": [{"term": "recall", "weight": 4.2, "texts": 9}],
    }
    alert = Alert(
        id="alert_1", stream="finance", rule="volume", state="firing", opened_at=NOW, share=0.5, volume=30, threshold=9.5,
        evidence=["doc_1"], entity="Nordwind", incident="alert_1", details=details,
    )  # fmt: skip
    return Notice(name, event, alert)


def post(opened: bool = True) -> Post:
    networks = HERE if opened else ()
    return Post(OutboundClient(networks), AddressRule(networks), NOW)


def deliver(setting: dict[str, Any], *notices: Notice, opened: bool = True) -> None:
    channel = ChannelSetting.model_validate(setting).root
    CHANNELS[type(channel)](channel, notices or (notice(),), post(opened))


@pytest.fixture(scope="module")
def server() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def receiver(server: Receiver) -> Receiver:
    server.answers = [(200, b"ok")]
    server.bodies.clear()
    server.headers.clear()
    server.paths.clear()
    return server


@pytest.mark.parametrize("kind", REFUSED)
def test_a_robot_that_refuses_with_status_200_has_taken_nothing(kind: str, receiver: Receiver) -> None:
    field, code = REFUSED[kind]
    setting = {"type": kind, "url": f"{receiver.url}/robot"}
    receiver.answers = [(200, json.dumps({field: 0, "msg": "success"}).encode())]
    deliver(setting)
    assert "北风" in receiver.bodies[0].decode()
    receiver.answers = [(200, json.dumps({field: code, "errmsg": "no", "msg": "no"}).encode())]
    with pytest.raises(Undelivered, match=str(code)) as refused:
        deliver(setting)
    assert not refused.value.may_retry
    receiver.answers = [(200, json.dumps({field: BUSY[kind]}).encode())]
    with pytest.raises(Undelivered) as busy:
        deliver(setting)
    assert busy.value.may_retry
    receiver.answers = [(200, b"<html>a captive portal</html>")]
    with pytest.raises(Undelivered, match="robot"):
        deliver(setting)


def test_slack_confirms_in_words_and_a_headline_calls_nobody(receiver: Receiver) -> None:
    setting = {"type": "slack", "url": f"{receiver.url}/services/T/B/x"}
    deliver(setting, notice(), notice("notice_2", "resolved"))
    text = receiver.json()["text"]
    assert "<!channel>" not in text
    assert "and 1 more" in text
    receiver.answers = [(200, b"invalid_payload")]
    with pytest.raises(Undelivered, match="invalid_payload"):
        deliver(setting)


@pytest.mark.parametrize(("status", "may_retry"), [(404, False), (429, True), (503, True), (302, False)])
def test_what_is_no_2xx_is_no_delivery(status: int, may_retry: bool, receiver: Receiver) -> None:
    receiver.answers = [(status, b"ok")]
    with pytest.raises(Undelivered, match=str(status)) as refused:
        deliver({"type": "slack", "url": receiver.url})
    assert refused.value.may_retry == may_retry


def test_a_webhook_is_signed_as_the_official_client_verifies(receiver: Receiver) -> None:
    secret = new_secret()
    setting = {"type": "webhook", "url": f"{receiver.url}/hook", "secret": secret}
    deliver(setting)
    with openai.OpenAI(api_key="x", webhook_secret=secret) as client:
        client.webhooks.verify_signature(receiver.bodies[0], receiver.headers[0], tolerance=10**9)
        with pytest.raises(openai.InvalidWebhookSignatureError):
            client.webhooks.verify_signature(receiver.bodies[0] + b" ", receiver.headers[0], tolerance=10**9)
    event = receiver.json()
    assert (event["type"], event["data"]["entity"], event["data"]["observed"]) == ("alert.firing", "Nordwind", 30.0)
    assert "documents" not in event["data"]
    deliver(setting, notice(), notice("notice_2"))
    assert [one["id"] for one in receiver.json()["data"]["alerts"]] == ["alert_1", "alert_1"]


def test_robots_that_check_signatures_get_them(receiver: Receiver) -> None:
    receiver.answers = [(200, b'{"errcode": 0, "code": 0}')]
    deliver({"type": "dingtalk", "url": f"{receiver.url}/robot?access_token=t", "secret": "SEC1"})
    asked = parse_qs(urlsplit(receiver.paths[0]).query)
    expected = hmac.new(b"SEC1", f"{asked['timestamp'][0]}\nSEC1".encode(), hashlib.sha256).digest()
    assert (asked["access_token"], base64.b64decode(asked["sign"][0])) == (["t"], expected)
    deliver({"type": "feishu", "url": receiver.url, "secret": "SEC2"})
    body = receiver.json()
    expected = hmac.new(f"{body['timestamp']}\nSEC2".encode(), b"", hashlib.sha256).digest()
    assert base64.b64decode(body["sign"]) == expected


@pytest.mark.parametrize("kind", ["webhook", "slack", "feishu", "dingtalk", "wecom"])
def test_a_private_address_is_refused_unless_it_is_opened(kind: str, receiver: Receiver) -> None:
    with pytest.raises(OutboundRefused):
        deliver(
            {"type": kind, "url": receiver.url, **({"secret": new_secret()} if kind == "webhook" else {})}, opened=False
        )
    assert receiver.bodies == []


class Mailbox(MessageHandler):
    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.mails.append(message)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith(("full@", "gone@")):
            return "452 mailbox full" if address.startswith("full@") else "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def mail_server() -> Iterator[tuple[Controller, Mailbox]]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller, mailbox
    finally:
        controller.stop()


def smtp(controller: Controller, *recipients: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "smtp", "host": "127.0.0.1", "port": controller.port, "security": "none", "sender": "parley@example.org",
        "recipients": list(recipients), **more,
    }  # fmt: skip


def test_mail_is_delivered_when_the_server_has_taken_it_for_all(mail_server: tuple[Controller, Mailbox]) -> None:
    controller, mailbox = mail_server
    deliver(smtp(controller, "ops@example.org", "desk@example.org"))
    mail = mailbox.mails[-1]
    assert mail["Subject"] == "[FIRING] finance / Nordwind: more texts than usual"
    assert "北风" in mail.get_payload(decode=True).decode()
    with pytest.raises(Undelivered, match="452") as full:
        deliver(smtp(controller, "full@example.org"))
    assert full.value.may_retry
    with pytest.raises(Undelivered, match="550") as gone:
        deliver(smtp(controller, "ops@example.org", "gone@example.org"))
    assert not gone.value.may_retry
    with pytest.raises(Undelivered):
        deliver(
            smtp(controller, "ops@example.org", security="starttls")
        )  # the server offers none: nothing goes in clear
    with pytest.raises(OutboundRefused):
        deliver(smtp(controller, "ops@example.org"), opened=False)
