"""Slack's incoming webhooks, and what speaks like them: https://api.slack.com/messaging/webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from services.monitoring.delivery.channel import Post, Undelivered
from services.monitoring.delivery.message import Notice, title, words
from shared.contracts.monitoring.alert_channels import Slack

#: Characters of a message.
_LONGEST = 30_000


def deliver(setting: Slack, notices: Sequence[Notice], post: Post) -> None:
    """Slack confirms with the body ``ok``; errors have a status of their own."""
    text = f"*{_plain(title(notices))}*\n{_plain(words(notices))}"[:_LONGEST]
    reply = post.json(setting.url, {"text": text})
    if reply.body.strip() != b"ok":
        raise Undelivered(
            f"it answered {reply.body[:100].decode('utf-8', 'replace')!r} in place of 'ok'", may_retry=False
        )


def _plain(text: str) -> str:
    """Slack reads ``<!channel>`` and links in angle brackets: a headline must not call everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
