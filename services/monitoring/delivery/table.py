"""Which function speaks to which kind of channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.monitoring.delivery import dingtalk, feishu, slack, smtp, webhook, wecom
from services.monitoring.delivery.channel import Deliver
from shared.contracts.monitoring.alert_channels import AnyChannel, DingTalk, Feishu, Slack, Smtp, Webhook, WeCom

CHANNELS: Mapping[type[AnyChannel], Deliver[Any]] = {
    Webhook: webhook.deliver,
    Slack: slack.deliver,
    Feishu: feishu.deliver,
    DingTalk: dingtalk.deliver,
    WeCom: wecom.deliver,
    Smtp: smtp.deliver,
}
