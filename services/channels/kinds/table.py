"""Every kind of channel by its setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.channels.kinds.chatwoot import CHATWOOT
from services.channels.kinds.dingtalk import DINGTALK
from services.channels.kinds.email import EMAIL
from services.channels.kinds.feishu import FEISHU
from services.channels.kinds.kind import Kind
from services.channels.kinds.slack import SLACK
from services.channels.kinds.telegram import TELEGRAM
from services.channels.kinds.webhook import WEBHOOK
from services.channels.kinds.wecom import WECOM
from shared.contracts.channels import (
    ChatwootChannel,
    DingTalkChannel,
    EmailChannel,
    FeishuChannel,
    SlackChannel,
    TelegramChannel,
    WebhookChannel,
    WeComChannel,
)

KINDS: Mapping[type[Any], Kind[Any]] = {
    WebhookChannel: WEBHOOK,
    ChatwootChannel: CHATWOOT,
    TelegramChannel: TELEGRAM,
    SlackChannel: SLACK,
    FeishuChannel: FEISHU,
    DingTalkChannel: DINGTALK,
    WeComChannel: WECOM,
    EmailChannel: EMAIL,
}

#: Types of channels that are read, since they post nothing.
FETCHED = frozenset(("email",))
