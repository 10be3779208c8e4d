"""Exchanges and queues as RabbitMQ is told to make them."""

from __future__ import annotations

from typing import Any

from shared.contracts.message import Exchange
from shared.messaging.topology import Queues, QueueSpec

#: Deliveries of a durable message that were not settled (each a consumer that died) before it becomes a dead letter.
_DELIVERY_LIMIT = 20

_KINDS = {Exchange.RPC: "direct", Exchange.EVENTS: "topic"}


def declare_shared(channel: Any, prefix: str) -> None:
    """Make the exchanges, and the queues that exist from the start, as far as they are missing."""
    for exchange, kind in _KINDS.items():
        channel.exchange_declare(prefix + exchange.value, kind, durable=True, auto_delete=False)
    for spec in Queues.SHARED:
        declare_queue(channel, prefix, spec)


def declare_queue(channel: Any, prefix: str, spec: QueueSpec) -> None:
    """Make a queue with its bindings, as far as they are missing."""
    name = prefix + spec.name
    channel.queue_declare(name, durable=True, auto_delete=False, arguments=queue_arguments(spec, prefix))
    for binding in spec.bindings:
        channel.queue_bind(name, prefix + binding.exchange.value, binding.key)


def queue_arguments(spec: QueueSpec, prefix: str) -> dict[str, Any]:
    """The ``x-…`` arguments; RabbitMQ refuses (406) whoever declares a queue with others than those it was made with."""
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum" if spec.durable else "classic",
        "x-max-length": spec.max_length,
        "x-overflow": "reject-publish" if spec.overflow == "reject" else "drop-head",
    }
    if spec.message_ttl is not None:
        arguments["x-message-ttl"] = round(spec.message_ttl * 1000)
    if spec.expires is not None:
        arguments["x-expires"] = round(spec.expires * 1000)
    if spec.durable and spec is not Queues.DEAD:
        # Only for messages that kill their consumers; those that merely fail are buried by the consumer loop, masked.
        arguments["x-delivery-limit"] = _DELIVERY_LIMIT
        arguments["x-dead-letter-exchange"] = ""
        arguments["x-dead-letter-routing-key"] = prefix + Queues.DEAD.name
        arguments["x-dead-letter-strategy"] = "at-least-once"
    return arguments
