"""Every kind of channel by its setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.channels.kinds.chatwoot import CHATWOOT
from services.channels.kinds.kind import Kind
from services.channels.kinds.slack import SLACK
from services.channels.kinds.telegram import TELEGRAM
from services.channels.kinds.webhook import WEBHOOK
from shared.contracts.channels import ChatwootChannel, SlackChannel, TelegramChannel, WebhookChannel

KINDS: Mapping[type[Any], Kind[Any]] = {
    WebhookChannel: WEBHOOK,
    ChatwootChannel: CHATWOOT,
    TelegramChannel: TELEGRAM,
    SlackChannel: SLACK,
}
