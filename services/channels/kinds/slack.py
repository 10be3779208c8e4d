"""Apps of Slack: the Events API in, ``chat.postMessage`` out (https://docs.slack.dev/apis/events-api)."""

from __future__ import annotations

from typing import Any

from services.channels.kinds.kind import (
    MAX_TEXT,
    Event,
    Incoming,
    Kind,
    Outgoing,
    Post,
    Received,
    Undelivered,
    choices,
    decoded,
)
from services.channels.kinds.signatures import check, fresh, hex_digest
from shared.contracts.channels import SlackChannel

#: What another try may change.
_LATER = frozenset(
    ("ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout")
)


def receive(setting: SlackChannel, event: Event) -> Received:
    """Direct messages, and mentions in channels, whose threads are conversations; its challenge is answered."""
    stamp = fresh(event, event.headers.get("x-slack-request-timestamp", ""))
    expected = f"v0={hex_digest(setting.secret, f'v0:{stamp}:'.encode() + event.body)}"
    check(event.headers.get("x-slack-signature", ""), expected)
    body = event.json()
    if body.get("type") == "url_verification":
        return Received(body=str(body.get("challenge") or ""), content_type="text/plain")
    told = body.get("event")
    if body.get("type") != "event_callback" or not isinstance(told, dict) or not _is_customers(told):
        return Received()
    place, text = str(told["channel"]), _plain(str(told["text"]))
    is_direct = told.get("channel_type") == "im"
    thread = place if is_direct else f"{place}/{told.get('thread_ts') or told['ts']}"
    # A mention comes twice, as two events with ids of their own: the time of the message is what it is known by.
    found = Incoming(id=f"{place}/{told['ts']}", thread=thread, text=text[:MAX_TEXT], author=str(told.get("user")))
    return Received((found,) if text else ())


def _is_customers(told: dict[str, Any]) -> bool:
    """Not what bots say, ours among them, and not edits, joins and the like."""
    is_plain = not told.get("bot_id") and not told.get("subtype")
    is_heard = told.get("type") == "app_mention" or (told.get("type") == "message" and told.get("channel_type") == "im")
    return is_plain and is_heard and all(isinstance(told.get(name), str) for name in ("channel", "ts", "text"))


def _plain(text: str) -> str:
    """The words, without the mention that they begin with; Slack writes three characters as entities."""
    if text.startswith("<@"):
        text = text.partition(">")[2]
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text.strip()


def send(setting: SlackChannel, message: Outgoing, post: Post) -> None:
    """Delivered when the answer says ``ok``. A change of hands is told by whoever speaks then."""
    if message.event == "status" or not message.text:
        return
    place, _, thread = message.thread.partition("/")
    said = f"{message.author}: {choices(message)}" if message.author else choices(message)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        said = said.replace(character, entity)
    body = {"channel": place, "text": said} | ({"thread_ts": thread} if thread else {})
    reply = decoded(
        post.json(f"{setting.url.rstrip('/')}/chat.postMessage", body, {"Authorization": f"Bearer {setting.token}"})
    )
    if not reply.get("ok"):
        code = str(reply.get("error"))[:100]
        raise Undelivered(f"it refused with {code}", may_retry=code in _LATER)


SLACK = Kind(receive, send)
