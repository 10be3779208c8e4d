"""What callers sent, and what they were told: the truth that the stack is held to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

Outcome = Literal["answered", "refused", "unreachable", "unclean", "hung"]
"""
``answered``: 2xx. ``refused``: an error in the OpenAI body that says to try again. ``unreachable``: no connection, while that
gateway was down. ``unclean``: any other error. ``hung``: neither answer nor error in time.
"""


@dataclass(frozen=True)
class Attempt:
    """One request."""

    gateway: str
    outcome: Outcome
    seconds: float
    detail: str
    """Status and code, or the error of the connection."""


@dataclass
class Said:
    """One message of a customer, whose words nobody else uses.

    Attributes:
        text: The words.
        key: Its idempotency key; without one it is sent only once.
        turn_id: Of the answer, once one came.
        conversation_id: Likewise.
        repeated: The turns that later requests with the key were answered with.
    """

    text: str
    key: str | None
    turn_id: str | None = None
    conversation_id: str | None = None
    answer: str | None = None
    repeated: list[str] = field(default_factory=list)


@dataclass
class Document:
    """A text sent to be counted on a stream."""

    id: str
    accepted: bool = False


class Ledger:
    """Everything that was sent; filled by many threads.

    Args:
        name: Begins every name and document id, so that two ledgers of one stack are told apart.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = Lock()
        self.attempts: list[Attempt] = []
        self.said: list[Said] = []
        self.documents: list[Document] = []

    def attempted(self, attempt: Attempt) -> None:
        """A request is over."""
        with self._lock:
            self.attempts.append(attempt)

    def say(self, text: str, key: str | None) -> Said:
        """A message is about to be sent."""
        said = Said(text, key)
        with self._lock:
            self.said.append(said)
        return said

    def send(self, ids: list[str]) -> list[Document]:
        """Documents are about to be sent."""
        documents = [Document(id_) for id_ in ids]
        with self._lock:
            self.documents += documents
        return documents

    def count(self, *outcomes: Outcome) -> int:
        """Requests that ended so."""
        return sum(attempt.outcome in outcomes for attempt in list(self.attempts))

    def details(self, *outcomes: Outcome) -> Counter[str]:
        """What they were told, and how often."""
        return Counter(attempt.detail for attempt in self.attempts if attempt.outcome in outcomes)

    @property
    def accepted(self) -> list[Said]:
        """The messages that were answered."""
        return [said for said in self.said if said.turn_id is not None]
