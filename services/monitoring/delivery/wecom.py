"""Group robots of WeCom: https://developer.work.weixin.qq.com/document/path/91770."""

from __future__ import annotations

from collections.abc import Sequence

from services.monitoring.delivery.channel import Post, answered
from services.monitoring.delivery.message import Notice, title, words
from shared.contracts.monitoring.alert_channels import WeCom

#: Bytes of a text.
_LONGEST = 2_048
#: Busy, and more than twenty messages a minute.
_BUSY = (-1, 45009)


def deliver(setting: WeCom, notices: Sequence[Notice], post: Post) -> None:
    """Delivered when the answer's ``errcode`` is 0."""
    text = f"{title(notices)}\n{words(notices)}".encode()[:_LONGEST].decode("utf-8", "ignore")
    answered(post.json(setting.url, {"msgtype": "text", "text": {"content": text}}), "errcode", "errmsg", busy=_BUSY)
