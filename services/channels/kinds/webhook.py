"""Signed JSON both ways, as Standard Webhooks have it (https://www.standardwebhooks.com)."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from services.channels.kinds.kind import MAX_TEXT, Event, Incoming, Kind, Outgoing, Post, Received, Refused
from services.channels.kinds.signatures import fresh
from shared.contracts.channels import WebhookChannel
from shared.outbound.signing import is_signed, signed_headers

_FILLED = ("id", "thread", "event", "text", "role", "author", "status")


def receive(setting: WebhookChannel, event: Event) -> Received:
    """One message an event. ``webhook-id`` stands for an id that the body has not."""
    signed_id, stamp = event.headers.get("webhook-id", ""), fresh(event, event.headers.get("webhook-timestamp", ""))
    signatures = event.headers.get("webhook-signature", "")
    if not is_signed(setting.secret or "", signed_id, int(stamp), event.body, signatures):
        raise Refused("The signature is not that of this channel; compare the secrets.", HTTPStatus.UNAUTHORIZED)
    body = event.json()
    thread, text = (_found(body, path) for path in (setting.fields.thread, setting.fields.text))
    if not thread or not text:
        raise Refused(
            f"There must be texts at {setting.fields.thread!r} and {setting.fields.text!r}; see the channel's 'fields'."
        )
    message = Incoming(
        id=_found(body, setting.fields.id) or signed_id,
        thread=thread,
        text=text[:MAX_TEXT],
        author=_found(body, setting.fields.author) or None,
    )
    return Received((message,), body="{}")


def send(setting: WebhookChannel, message: Outgoing, post: Post) -> None:
    """A repeated try has the same ``webhook-id``, by which a receiver knows it."""
    values = {name: getattr(message, name) or "" for name in _FILLED}
    body: Any = values | {"suggestions": list(message.suggestions), "created_at": int(message.created_at)}
    if setting.template is not None:
        body = _filled(setting.template, values)
    content = json.dumps(body, ensure_ascii=False).encode()
    signed = signed_headers([setting.secret or ""], message.id, int(post.now), content)
    post.send("POST", setting.url, content, {"Content-Type": "application/json", **signed})


def _found(body: Any, path: str) -> str:
    for key in path.split("."):
        body = body.get(key) if isinstance(body, dict) else None
    if isinstance(body, bool) or not isinstance(body, str | int):
        return ""
    return str(body).strip()


def _filled(template: Any, values: dict[str, str]) -> Any:
    """The template with its places filled in; what is filled in is never looked at again."""
    if isinstance(template, dict):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values) for value in template]
    return _replaced(template, values) if isinstance(template, str) else template


def _replaced(text: str, values: dict[str, str]) -> str:
    head, brace, rest = text.partition("{")
    if not brace:
        return head
    name, closed, tail = rest.partition("}")
    if closed and name in values:
        return head + values[name] + _replaced(tail, values)
    return head + brace + _replaced(rest, values)


WEBHOOK = Kind(receive, send)
