"""Agent bots of Chatwoot (read in its sources at 4.x: ``agent_bot_listener.rb``, ``trigger.rb``, ``message_builder.rb``).

Chatwoot gives a bot five seconds, and opens a conversation for its agents when the bot's answer is an error: so the door answers
before anything is said. It posts what agents and bots write too, and what becomes of conversations; only what customers write in
conversations that are the bot's (``pending``) is ours.
"""

from __future__ import annotations

import calendar
import time
from typing import Any

from services.channels.kinds.kind import MAX_TEXT, Event, Incoming, Kind, Outgoing, Post, Received, choices, decoded
from services.channels.kinds.signatures import check, fresh, hex_digest
from shared.contracts.channels import ChatwootChannel

_INCOMING = ("incoming", 0)
#: Seconds by which the clocks of both may differ when an answer is looked for.
_SLACK = 60.0


def receive(setting: ChatwootChannel, event: Event) -> Received:
    """``message_created`` of a customer; everything else is taken, and means nothing."""
    stamp = fresh(event, event.headers.get("x-chatwoot-timestamp", ""))
    expected = f"sha256={hex_digest(setting.secret, stamp.encode() + b'.' + event.body)}"
    check(event.headers.get("x-chatwoot-signature", ""), expected)
    body = event.json()
    conversation = body.get("conversation")
    if not _is_for_the_bot(body, conversation) or not isinstance(conversation, dict):
        return Received()
    sender = body.get("sender")
    name = sender.get("name") if isinstance(sender, dict) else None
    text = str(body.get("content") or "").strip()
    message = Incoming(
        id=str(body["id"]),
        thread=str(conversation["id"]),
        text=text[:MAX_TEXT],
        author=name if isinstance(name, str) else None,
        is_bots=True,
    )
    return Received((message,) if text else ())


def _is_for_the_bot(body: dict[str, Any], conversation: object) -> bool:
    return (
        body.get("event") == "message_created"
        and body.get("message_type") in _INCOMING
        and not body.get("private")
        and isinstance(body.get("id"), int)
        and isinstance(conversation, dict)
        and isinstance(conversation.get("id"), int)
        and conversation.get("status") == "pending"
    )


def send(setting: ChatwootChannel, message: Outgoing, post: Post) -> None:
    """A message; at a hand-over the conversation is opened for agents, with labels and why."""
    if message.event == "status":
        _show_status(setting, message, post)
    elif message.text and not (message.is_again and _is_there(setting, message, post)):
        body = {"content": choices(message), "message_type": "outgoing", "private": False}
        post.json(f"{_place(setting, message)}/messages", body, _headers(setting))


def _show_status(setting: ChatwootChannel, message: Outgoing, post: Post) -> None:
    place, headers = _place(setting, message), _headers(setting)
    if message.status == "handed_over":
        if setting.labels:
            post.json(f"{place}/labels", {"labels": list(setting.labels)}, headers)
        post.json(f"{place}/custom_attributes", {"custom_attributes": {"parley": "handed_over"}}, headers)
    status = {"handed_over": "open", "open": "pending", "ended": "resolved"}[message.status]
    post.json(f"{place}/toggle_status", {"status": status}, headers)


def _is_there(setting: ChatwootChannel, message: Outgoing, post: Post) -> bool:
    """Whether a try that was heard nothing of has arrived: Chatwoot keeps no id of ours, so that the words are looked for."""
    reply = decoded(post.send("GET", f"{_place(setting, message)}/messages", b"", _headers(setting)))
    listed = reply.get("payload")
    return any(
        isinstance(one, dict)
        and one.get("message_type") in (1, "outgoing")
        and one.get("content") == choices(message)
        and _seconds(one.get("created_at")) >= message.created_at - _SLACK
        for one in (listed if isinstance(listed, list) else [])
    )


def _seconds(created_at: object) -> float:
    """Unix seconds, which its API has as a number and its webhooks as a text."""
    if isinstance(created_at, int | float):
        return float(created_at)
    try:
        return float(calendar.timegm(time.strptime(str(created_at)[:19], "%Y-%m-%dT%H:%M:%S")))
    except ValueError:
        return 0.0


def _place(setting: ChatwootChannel, message: Outgoing) -> str:
    return f"{setting.url.rstrip('/')}/api/v1/accounts/{setting.account_id}/conversations/{message.thread}"


def _headers(setting: ChatwootChannel) -> dict[str, str]:
    return {"api_access_token": setting.token}


CHATWOOT = Kind(receive, send)
