"""Apps of Feishu and Lark: events of version 2 in, messages of ``im/v1`` out.

https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/encrypt-key-encryption-configuration-case
and https://open.feishu.cn/document/server-docs/im-v1/message/reply.
"""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import Any

from services.channels.kinds.encryption import decrypted
from services.channels.kinds.kind import (
    MAX_TEXT,
    Event,
    Incoming,
    Kind,
    Outgoing,
    Post,
    Received,
    Refused,
    Undelivered,
    choices,
    decoded,
    pieces,
)
from services.channels.kinds.signatures import check, fresh
from shared.contracts.channels import FeishuChannel

#: Seconds. An event that was not taken comes again after 15 s, 5 min, 1 h and 6 h.
_MAX_AGE = 8 * 3600.0
#: Bytes of a text; a request may have 150 KB.
_LONGEST = 30_000
#: Statuses of refusals whose body has a code.
_TOLD = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED)
#: What another try may change: too many requests, or an inner error.
_LATER = frozenset((99991400, 11232, 230020, 2200, 1000004, 1000005))
#: The token was taken back; the next try has a new one.
_STALE = frozenset((99991661, 99991663, 99991664, 99991668, 99991671))


def receive(setting: FeishuChannel, event: Event) -> Received:
    """``im.message.receive_v1`` with a text: direct messages are one conversation, each thread in a group another."""
    signature = event.headers.get("x-lark-signature")
    if signature is not None:
        stamp = fresh(event, event.headers.get("x-lark-request-timestamp", ""), _MAX_AGE)
        signed = f"{stamp}{event.headers.get('x-lark-request-nonce', '')}{setting.encrypt_key}".encode() + event.body
        check(signature, hashlib.sha256(signed).hexdigest())
    body = _opened(setting, event)
    if body.get("type") == "url_verification":  # which is sent without a signature, and shows the token instead
        check(str(body.get("token")), setting.token)
        return Received(body=json.dumps({"challenge": str(body.get("challenge") or "")}))
    if signature is None:
        raise Refused("It is not signed.", HTTPStatus.UNAUTHORIZED)
    head, told = body.get("header"), body.get("event")
    if not isinstance(head, dict) or not isinstance(told, dict) or head.get("event_type") != "im.message.receive_v1":
        return Received()
    check(str(head.get("token")), setting.token)
    message = _read(told)
    return Received((message,) if message is not None else ())


def _opened(setting: FeishuChannel, event: Event) -> dict[str, Any]:
    key = hashlib.sha256(setting.encrypt_key.encode()).digest()
    plain = decrypted(key, None, str(event.json().get("encrypt") or ""))
    return Event(event.headers, plain, event.now).json()


def _read(told: dict[str, Any]) -> Incoming | None:
    """A customer's words; what apps write, pictures and cards mean nothing."""
    message, sender = told.get("message"), told.get("sender")
    if not isinstance(message, dict) or not isinstance(sender, dict) or sender.get("sender_type") != "user":
        return None
    name, chat, content = (message.get(key) for key in ("message_id", "chat_id", "content"))
    if message.get("message_type") != "text" or not (name and chat and isinstance(content, str)):
        return None
    said = Event({}, content.encode("utf-8", "replace"), 0.0).json().get("text")
    text = _plain(str(said or ""), message.get("mentions"))
    is_direct = message.get("chat_type") == "p2p"
    thread = str(chat) if is_direct else f"{chat}/{message.get('root_id') or name}"
    identity = sender.get("sender_id")
    author = identity.get("open_id") if isinstance(identity, dict) else None
    return Incoming(str(name), thread, text[:MAX_TEXT], str(author) if author else None) if text else None


def _plain(text: str, mentions: object) -> str:
    """The words, without the mention that they begin with, and with names for the others."""
    for one in mentions if isinstance(mentions, list) else ():
        if isinstance(one, dict) and isinstance(one.get("key"), str) and one["key"]:
            text = text.strip().removeprefix(one["key"]).replace(one["key"], f"@{one.get('name')}")
    return text.strip()


def send(setting: FeishuChannel, message: Outgoing, post: Post) -> None:
    """Delivered when the answer's ``code`` is 0. Within an hour a repeated ``uuid`` is one message."""
    if message.event == "status" or not message.text:
        return
    chat, _, root = message.thread.partition("/")
    said = f"{message.author}: {choices(message)}" if message.author else choices(message)
    for number, piece in enumerate(pieces(said.replace("<at", "< at"), _LONGEST)):
        body = {
            "msg_type": "text",
            "content": json.dumps({"text": piece}, ensure_ascii=False),
            "uuid": hashlib.sha256(f"{message.id}/{number}".encode()).hexdigest()[:48],
        }
        if root:
            _call(setting, f"messages/{root}/reply", body, post)
        else:
            _call(setting, "messages?receive_id_type=chat_id", body | {"receive_id": chat}, post)


def _call(setting: FeishuChannel, path: str, body: dict[str, Any], post: Post) -> None:
    name = f"feishu/{setting.url}/{setting.app_id}"
    token = post.tokens.get(name, post.now, lambda: _token(setting, post))
    url = f"{setting.url.rstrip('/')}/open-apis/im/v1/{path}"
    code = decoded(post.json(url, body, {"Authorization": f"Bearer {token}"}, _TOLD)).get("code")
    if code in _STALE:
        post.tokens.forget(name)
    if code != 0:
        raise Undelivered(f"it refused with code {str(code)[:20]}", may_retry=code in _LATER or code in _STALE)


def _token(setting: FeishuChannel, post: Post) -> tuple[str, float]:
    url = f"{setting.url.rstrip('/')}/open-apis/auth/v3/tenant_access_token/internal"
    reply = decoded(post.json(url, {"app_id": setting.app_id, "app_secret": setting.secret}, {}))
    code, token, seconds = (reply.get(key) for key in ("code", "tenant_access_token", "expire"))
    if code != 0 or not isinstance(token, str) or not isinstance(seconds, int):
        raise Undelivered(
            f"it lends no token (code {str(code)[:20]}); compare app_id and secret", may_retry=code in _LATER
        )
    return token, float(seconds)


FEISHU = Kind(receive, send)
