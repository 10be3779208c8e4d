"""A message with what the road adds to it: ids, the way back, and how long the caller waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from shared.contracts.message import Message
from shared.telemetry.correlation import correlation_id as bound_correlation_id
from shared.telemetry.unique import unique_id


@dataclass(frozen=True, slots=True)
class Part:
    """The place of a message in an answer of many parts.

    Attributes:
        stream: Names one attempt at the answer: a process that begins anew gives another name.
        number: Parts of the attempt before this one; a sign of life has the number of the part that comes next.
        last: Nothing follows.
    """

    stream: str
    number: int
    last: bool = False

    def __str__(self) -> str:
        """As it travels in a header."""
        return f"{self.stream}/{self.number}/{'last' if self.last else 'more'}"

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """The part that a header tells of; ``None`` if it is not one of ours."""
        stream, number, last = (*str(text).split("/"), "", "")[:3]
        if not (stream and number.isascii() and number.isdecimal() and len(number) < 10 and last in ("last", "more")):
            return None
        return cls(stream, int(number), last == "last")


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
        part: Its place, if the answer has many parts.
    """

    message: Message
    message_id: str
    correlation_id: str
    reply_to: str | None = None
    deadline: float | None = None
    request_id: str | None = None
    part: Part | None = None

    def answered_by(self, message: Message, part: Part | None = None) -> Envelope:
        """The next hop: ``message`` for the same caller, under a new message id."""
        return Envelope(message, unique_id(), self.correlation_id, self.reply_to, self.deadline, self.request_id, part)


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
    message_id = unique_id()
    correlation = correlation_id or bound_correlation_id() or message_id
    return Envelope(message, message_id, correlation, reply_to, deadline, request_id)
