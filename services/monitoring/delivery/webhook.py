"""A POST of JSON, signed as Standard Webhooks have it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from services.monitoring.delivery.channel import Post
from services.monitoring.delivery.message import Notice, data
from shared.contracts.monitoring.alert_channels import Webhook
from shared.outbound.signing import signed_headers


def deliver(setting: Webhook, notices: Sequence[Notice], post: Post) -> None:
    """Any 2xx is a delivery."""
    body = {
        "id": notices[0].id,
        "object": "event",
        "type": f"alert.{notices[0].event}" if len(notices) == 1 else "alert.digest",
        "created_at": int(post.now),
        "data": data(notices[0])
        if len(notices) == 1
        else {"alerts": [data(one) | {"event": one.event} for one in notices]},
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    secrets = [setting.secret] if setting.secret else []
    headers = signed_headers(secrets, notices[0].id, int(post.now), content)
    post.bytes(setting.url, content, {"Content-Type": "application/json", **headers})
