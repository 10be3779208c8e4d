"""Custom bots of Feishu and Lark: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from services.monitoring.delivery.channel import Post, answered
from services.monitoring.delivery.message import Notice, title, words
from shared.contracts.monitoring.alert_channels import Feishu

#: Characters; a request may have 20 KB.
_LONGEST = 5_000
#: Too many messages.
_BUSY = (9499, 11232)


def deliver(setting: Feishu, notices: Sequence[Notice], post: Post) -> None:
    """Delivered when the answer's ``code`` is 0."""
    text = f"{title(notices)}\n{words(notices)}".replace("<at", "< at")[:_LONGEST]
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if setting.secret:
        stamp = str(int(post.now))
        signed = hmac.new(f"{stamp}\n{setting.secret}".encode(), b"", hashlib.sha256).digest()
        body |= {"timestamp": stamp, "sign": base64.b64encode(signed).decode()}
    answered(post.json(setting.url, body), "code", "msg", busy=_BUSY)
