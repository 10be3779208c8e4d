"""A message with what the road adds to it: ids, the way back, and how long the caller waits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from random import Random

from shared.contracts.message import Message
from shared.telemetry.correlation import correlation_id as bound_correlation_id

# Ids have to be unique, not secret. uuid4 would ask the kernel for each one, and give up the interpreter lock for it:
# with several busy threads that costs milliseconds.
_RANDOM = Random()  # noqa: S311
os.register_at_fork(after_in_child=_RANDOM.seed)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message on its way.

    Attributes:
        message: What is said.
        message_id: New for every publish, kept on redelivery: what idempotent consumers may remember.
        correlation_id: Ties together everything one outside request caused; appears in every log line. A client may
            choose it, so it need not be unique.
        reply_to: The queue of the waiting caller, if there is one.
        deadline: Unix seconds after which nobody waits for the outcome; ``None``: no caller waits. Hosts that share a
            broker need synchronised clocks.
        request_id: Names the request that the caller waits for; unique, and kept by every answer.
    """

    message: Message
    message_id: str
    correlation_id: str
    reply_to: str | None = None
    deadline: float | None = None
    request_id: str | None = None

    def answered_by(self, message: Message) -> Envelope:
        """The next hop: ``message`` for the same caller, under a new message id."""
        return Envelope(message, new_id(), self.correlation_id, self.reply_to, self.deadline, self.request_id)


def envelope(
    message: Message,
    *,
    correlation_id: str | None = None,
    reply_to: str | None = None,
    deadline: float | None = None,
    request_id: str | None = None,
) -> Envelope:
    """Put a message into an envelope.

    Without ``correlation_id`` the one bound in this context goes on; where none is, the message begins a new story,
    which bears its id.
    """
    message_id = new_id()
    correlation = correlation_id or bound_correlation_id() or message_id
    return Envelope(message, message_id, correlation, reply_to, deadline, request_id)


def new_id() -> str:
    """A unique id: 32 hexadecimal digits."""
    return f"{_RANDOM.getrandbits(128):032x}"
