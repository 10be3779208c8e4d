"""Custom robots of DingTalk: https://open.dingtalk.com/document/robots/custom-robot-access."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import quote_plus

from services.monitoring.delivery.channel import Post, answered
from services.monitoring.delivery.message import Notice, title, words
from shared.contracts.monitoring.alert_channels import DingTalk

#: Characters; a message may have 20,000 bytes.
_LONGEST = 5_000
#: Busy, and more than twenty messages a minute.
_BUSY = (-1, 130101)


def deliver(setting: DingTalk, notices: Sequence[Notice], post: Post) -> None:
    """Delivered when the answer's ``errcode`` is 0."""
    url = setting.url
    if setting.secret:
        stamp = str(round(post.now * 1000))
        signed = hmac.new(setting.secret.encode(), f"{stamp}\n{setting.secret}".encode(), hashlib.sha256).digest()
        url += f"{'&' if '?' in url else '?'}timestamp={stamp}&sign={quote_plus(base64.b64encode(signed))}"
    text = f"{title(notices)}\n{words(notices)}"[:_LONGEST]
    body = {"msgtype": "text", "text": {"content": text}, "at": {"isAtAll": False}}
    answered(post.json(url, body), "errcode", "errmsg", busy=_BUSY)
