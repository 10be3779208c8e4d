"""Robots of DingTalk: what is said to them in, the session's webhook out (https://open.dingtalk.com/document/orgapp/receive-message).

The signature is one of the time alone. So a body is not to be believed further than it must be: answers go nowhere but to DingTalk.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

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
    in_turn,
    pieces,
)
from services.channels.kinds.signatures import check, fresh
from shared.contracts.channels import DingTalkChannel

#: Seconds, as DingTalk would have it.
_MAX_AGE = 3_600.0
#: Bytes of a text; a message may have 20,000.
_LONGEST = 15_000
#: Busy, and too many messages a minute.
_LATER = frozenset((-1, 130101, 410101))


def receive(setting: DingTalkChannel, event: Event) -> Received:
    """A text: a direct conversation is one, each person in a group another."""
    stamp = fresh(event, event.headers.get("timestamp", ""), _MAX_AGE, unit=0.001)
    signed = hmac.new(setting.secret.encode(), f"{stamp}\n{setting.secret}".encode(), hashlib.sha256).digest()
    check(event.headers.get("sign", ""), base64.b64encode(signed).decode())
    body = event.json()
    name, place, sender = (body.get(key) for key in ("msgId", "conversationId", "senderId"))
    told = body.get("text")
    if body.get("msgtype") != "text" or not isinstance(told, dict) or not (name and place and sender):
        return Received()
    text = str(told.get("content") or "").strip()
    message = Incoming(
        id=str(name),
        thread=f"{place}/{sender}",
        text=text[:MAX_TEXT],
        author=str(body.get("senderNick") or "") or None,
        reply=_reply(setting, body),
    )
    return Received((message,) if text else ())


def _reply(setting: DingTalkChannel, body: dict[str, Any]) -> dict[str, Any]:
    """Where answers go, until when, and whose attention they want."""
    url, until = str(body.get("sessionWebhook") or ""), body.get("sessionWebhookExpiredTime")
    if not url.startswith(setting.url.rstrip("/") + "/"):
        raise Refused(f"Its sessionWebhook does not begin with {setting.url}.")
    person = str(body.get("senderStaffId") or "") if body.get("conversationType") == "2" else ""
    return {"url": url, "until": until / 1000 if isinstance(until, int) else 0.0, "person": person}


def send(setting: DingTalkChannel, message: Outgoing, post: Post) -> None:  # noqa: ARG001  # kinds are alike
    """Delivered when the answer's ``errcode`` is 0. A session ends after some two hours; what is told later waits for the customer's next message."""
    if message.event == "status" or not message.text:
        return
    url, until, person = (message.reply.get(key) for key in ("url", "until", "person"))
    if not url or (until and post.now >= until):
        raise Undelivered("its session has ended; it is told once the customer writes again", may_retry=True)
    said = f"{message.author}: {choices(message)}" if message.author else choices(message)

    def bring(piece: str, _is_last: bool) -> None:  # as in_turn calls it
        body = {"msgtype": "text", "text": {"content": piece}, "at": {"atUserIds": [person] if person else []}}
        code = decoded(post.json(url, body, {})).get("errcode")
        if code != 0:
            raise Undelivered(f"it refused with errcode {str(code)[:20]}", may_retry=code in _LATER)

    in_turn(message, pieces(said, _LONGEST), bring)


DINGTALK = Kind(receive, send)
