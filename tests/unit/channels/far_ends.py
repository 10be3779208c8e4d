"""Messengers and inboxes as their documents describe them: what they post, and a server that answers like them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Lock
from typing import Any

from shared.outbound.signing import new_secret, signed_headers
from tests.http_server import served

WEBHOOK_SECRET = new_secret()
CHATWOOT_SECRET, CHATWOOT_TOKEN = "chatwoot-secret", "chatwoot-token"
TELEGRAM_SECRET, TELEGRAM_TOKEN = "telegram_secret", "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
SLACK_SECRET, SLACK_TOKEN = "8f742231b10e8888abcd99yyyzzz85a5", "xoxb-slack-token"

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None


@dataclass
class FarEnd:
    """A server; ``answer`` says what to each request."""

    url: str
    answer: Callable[[Asked], Answer]
    asked: list[Asked] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def bodies(self, ending: str = "") -> list[Any]:
        """What was posted to addresses with this end."""
        with self.lock:
            return [one.body for one in self.asked if one.method == "POST" and one.path.endswith(ending)]


def always(status: int, body: Any) -> Callable[[Asked], Answer]:
    """The same answer to everything."""
    return lambda _: (status, body)


@contextmanager
def far_end(answer: Callable[[Asked], Answer] = lambda _: (200, {"ok": True})) -> Iterator[FarEnd]:
    """Start one on a free port of this host."""
    end = FarEnd("", answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            raw = self.rfile.read(int(headers.get("content-length", 0)))
            asked = Asked(self.command, self.path, headers, raw)
            with end.lock:
                end.asked.append(asked)
            status, body = end.answer(asked)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815  # its name in the library

    with served(Handler) as end.url:
        yield end


def packed(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def webhook(body: Any, now: float, name: str = "msg_1") -> tuple[bytes, dict[str, str]]:
    raw = packed(body)
    return raw, signed_headers([WEBHOOK_SECRET], name, int(now), raw)


def chatwoot(now: float, secret: str = CHATWOOT_SECRET, **changes: Any) -> tuple[bytes, dict[str, str]]:
    """``message_created`` as an agent bot of Chatwoot 4 is told: ``Message#webhook_data`` with the event."""
    body: dict[str, Any] = {
        "account": {"id": 3, "name": "Acme Inc"},
        "additional_attributes": {},
        "content_attributes": {},
        "content_type": "text",
        "content": "hello",
        "conversation": {
            "additional_attributes": {},
            "can_reply": True,
            "channel": "Channel::WebWidget",
            "contact_inbox": {"id": 7, "contact_id": 5, "inbox_id": 2, "source_id": "b1f9"},
            "id": 12,
            "inbox_id": 2,
            "labels": [],
            "meta": {"sender": {"id": 5, "name": "Ada", "type": "contact"}, "assignee": None, "hmac_verified": False},
            "status": "pending",
            "custom_attributes": {},
            "unread_count": 1,
            "created_at": 1_790_000_000,
            "timestamp": 1_790_000_001,
        },
        "created_at": "2026-09-21T13:33:20.000Z",
        "id": 101,
        "inbox": {"id": 2, "name": "Web"},
        "message_type": "incoming",
        "private": False,
        "sender": {"account": {"id": 3}, "id": 5, "name": "Ada", "email": None, "type": "contact"},
        "source_id": None,
        "event": "message_created",
    }
    conversation = body["conversation"] | changes.pop("conversation", {})
    raw = packed(body | changes | {"conversation": conversation})
    stamp = str(int(now))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    return raw, {
        "x-chatwoot-signature": f"sha256={signature}",
        "x-chatwoot-timestamp": stamp,
        "x-chatwoot-delivery": "5e1f",
    }


def telegram(secret: str = TELEGRAM_SECRET, number: int = 1, **changes: Any) -> tuple[bytes, dict[str, str]]:
    """An ``Update`` with a message, as https://core.telegram.org/bots/webhooks shows one."""
    person = {"id": 1111111, "is_bot": False, "last_name": "Test", "first_name": "Ada", "username": "Testusername"}
    message = {
        "date": 1_790_000_000,
        "chat": {"last_name": "Test", "id": 1111111, "type": "private", "first_name": "Ada"},
        "message_id": number,
        "from": person,
        "text": "hello",
    }
    raw = packed({"update_id": 10_000 + number, "message": message | changes})
    return raw, {"x-telegram-bot-api-secret-token": secret}


def slack(now: float, secret: str = SLACK_SECRET, **changes: Any) -> tuple[bytes, dict[str, str]]:
    """``message.im`` as https://docs.slack.dev/reference/events/message.im shows one."""
    event = {
        "type": "message",
        "channel": "D024BE91L",
        "user": "U2147483697",
        "text": "hello",
        "ts": "1355517523.000005",
        "event_ts": "1355517523.000005",
        "channel_type": "im",
    }
    body: dict[str, Any] = {
        "token": "one-long-verification-token",
        "team_id": "T061EG9R6",
        "api_app_id": "A0PNCHHK2",
        "event": event | changes,
        "type": "event_callback",
        "authed_teams": ["T061EG9R6"],
        "event_id": "Ev0PV52K21",
        "event_time": 1355517523,
    }
    return signed_slack(packed(body), now, secret)


def signed_slack(raw: bytes, now: float, secret: str = SLACK_SECRET) -> tuple[bytes, dict[str, str]]:
    stamp = str(int(now))
    signature = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    return raw, {"x-slack-signature": f"v0={signature}", "x-slack-request-timestamp": stamp}
