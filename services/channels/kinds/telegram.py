"""Bots of Telegram: updates by webhook, answers by ``sendMessage`` (https://core.telegram.org/bots/api)."""

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
    decoded,
    in_turn,
)
from services.channels.kinds.signatures import check
from shared.contracts.channels import TelegramChannel

#: Characters of a message; a button holds 64 bytes.
_LONGEST = 4_096


def receive(setting: TelegramChannel, event: Event) -> Received:
    """``message`` with a text; edits, stickers and what becomes of groups are taken, and mean nothing."""
    check(event.headers.get("x-telegram-bot-api-secret-token", ""), setting.secret)
    message = event.json().get("message")
    if not isinstance(message, dict) or not isinstance(message.get("text"), str):
        return Received()
    chat, sender = message.get("chat"), message.get("from")
    if not isinstance(chat, dict) or not isinstance(chat.get("id"), int) or _is_bot(sender):
        return Received()
    text = message["text"].strip()
    found = Incoming(
        id=f"{chat['id']}/{message.get('message_id')}",
        thread=str(chat["id"]),
        text=text[:MAX_TEXT],
        author=str(sender.get("first_name") or "") or None if isinstance(sender, dict) else None,
    )
    return Received((found,) if text else ())


def send(setting: TelegramChannel, message: Outgoing, post: Post) -> None:
    """Delivered when the answer says ``ok``; suggestions are a keyboard. A change of hands is told by whoever speaks then."""
    if message.event == "status" or not message.text:
        return
    said = f"{message.author}: {message.text}" if message.author else message.text
    pieces = [said[start : start + _LONGEST] for start in range(0, len(said), _LONGEST)]

    def bring(piece: str, is_last: bool) -> None:  # as in_turn calls it
        body: dict[str, Any] = {"chat_id": int(message.thread), "text": piece}
        _call(setting, body | ({"reply_markup": _keyboard(message.suggestions)} if is_last else {}), post)

    in_turn(message, pieces, bring)


def _call(setting: TelegramChannel, body: dict[str, Any], post: Post) -> None:
    url = f"{setting.url.rstrip('/')}/bot{setting.token}/sendMessage"
    if not decoded(post.json(url, body, {})).get("ok"):
        raise Undelivered("it did not answer 'ok'", may_retry=False)


def _keyboard(suggestions: tuple[str, ...]) -> dict[str, Any]:
    if not suggestions:
        return {"remove_keyboard": True}
    rows = [[{"text": one}] for one in suggestions]
    return {"keyboard": rows, "one_time_keyboard": True, "resize_keyboard": True}


def _is_bot(sender: object) -> bool:
    return isinstance(sender, dict) and bool(sender.get("is_bot"))


TELEGRAM = Kind(receive, send)
