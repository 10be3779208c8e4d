"""What webhook endpoints can be told of. The first fourteen are the OpenAI convention's, the others ours."""

from __future__ import annotations

from typing import Literal, get_args

WebhookEventType = Literal[
    "fine_tuning.job.succeeded",
    "fine_tuning.job.failed",
    "fine_tuning.job.cancelled",
    "batch.completed",
    "batch.failed",
    "batch.expired",
    "batch.cancelled",
    "eval.run.succeeded",
    "eval.run.failed",
    "eval.run.canceled",
    "response.completed",
    "response.failed",
    "response.cancelled",
    "response.incomplete",
    "alert.firing",
    "alert.acknowledged",
    "alert.resolved",
    "conversation.handed_over",
    "review.approved",
    "review.rejected",
]

WEBHOOK_EVENT_TYPES: tuple[WebhookEventType, ...] = get_args(WebhookEventType)
