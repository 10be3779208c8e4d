"""Every queue there is, in one place.

Requests travel over the direct exchange ``rpc`` into queues that many processes share; answers go straight to the
client-named queue of the process that asked; facts go over the topic exchange ``events``. A queue never grows without
bound: where a loss would matter the publisher is refused, where only freshness matters the oldest message makes room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.contracts.message import Exchange

#: Seconds after which a queue of one process is removed when nobody consumes from it: long enough to reconnect.
_UNUSED = 60.0


@dataclass(frozen=True, slots=True)
class Binding:
    """What a queue receives: an exchange and a routing key, on ``events`` with the wildcards ``*`` and ``#``."""

    exchange: Exchange
    key: str

    def matches(self, exchange: Exchange, key: str) -> bool:
        """Whether a message handed in there under that key belongs to the queue."""
        if exchange is not self.exchange:
            return False
        if exchange is Exchange.EVENTS:
            return _topic_matches(self.key.split("."), key.split("."))
        return key == self.key


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue as both buses make it.

    Attributes:
        name: Its name, before the prefix.
        bindings: What it receives; replies need none.
        durable: Its messages outlive the broker (a quorum queue).
        max_length: Messages that may wait.
        overflow: What happens then: the publisher is refused, or the oldest message is dropped.
        message_ttl: Seconds that a message may wait, whatever its own deadline says.
        expires: Seconds after which the queue is removed when no one consumes from it.
    """

    name: str
    bindings: tuple[Binding, ...] = ()
    durable: bool = False
    max_length: int = 10_000
    overflow: Literal["reject", "drop_oldest"] = "reject"
    message_ttl: float | None = None
    expires: float | None = None


class Queues:
    """The queues by name. Those of ``SHARED`` exist from the start, so that nothing is lost before a service is up."""

    NLU = QueueSpec("nlu", (Binding(Exchange.RPC, "nlu"),), message_ttl=60.0)
    GENERATION = QueueSpec("generation", (Binding(Exchange.RPC, "generation"),), message_ttl=60.0)
    LANGUAGE_MODELS = QueueSpec("gen.lm", (Binding(Exchange.RPC, "gen.lm"),), max_length=2_000, message_ttl=120.0)
    UNANSWERED_TURNS = QueueSpec("gen.turns", (Binding(Exchange.RPC, "gen.turns"),), max_length=2_000, message_ttl=60.0)
    KNOWLEDGE = QueueSpec("knowledge", (Binding(Exchange.RPC, "knowledge"),), durable=True, max_length=100_000)
    KNOWLEDGE_SEARCH = QueueSpec("knowledge.search", (Binding(Exchange.RPC, "knowledge.search"),), message_ttl=60.0)
    MEDIA = QueueSpec("media", (Binding(Exchange.RPC, "media"),), max_length=1_000, message_ttl=120.0)
    SOUNDS = QueueSpec("media.sounds", (Binding(Exchange.RPC, "media.sounds"),), max_length=1_000, message_ttl=600.0)
    RECOMMENDATION = QueueSpec("recommendation", (Binding(Exchange.RPC, "recommendation"),), message_ttl=60.0)
    TRAIN_CPU = QueueSpec("train.cpu", (Binding(Exchange.RPC, "train.cpu"),), durable=True, max_length=100_000)
    MONITORING = QueueSpec(
        "monitoring",
        (Binding(Exchange.EVENTS, "sentiment.observed"), Binding(Exchange.EVENTS, "inputs.observed")),
        durable=True,
        max_length=200_000,
    )
    RESPONSES = QueueSpec("responses", (Binding(Exchange.RPC, "responses"),), durable=True, max_length=100_000)
    DOCUMENTS = QueueSpec(
        "documents", (Binding(Exchange.EVENTS, "documents.received"),), durable=True, max_length=20_000
    )
    DEAD = QueueSpec("dead", durable=True, max_length=100_000, overflow="drop_oldest")
    BACKTESTS = QueueSpec(
        "monitoring.backtest", (Binding(Exchange.RPC, "monitoring.backtest"),), max_length=100, message_ttl=120.0
    )
    CHANNELS = QueueSpec("channels", (Binding(Exchange.RPC, "channels"),), max_length=2_000, message_ttl=60.0)
    SAYINGS = QueueSpec(
        "conversation.say", (Binding(Exchange.RPC, "conversation.say"),), max_length=2_000, message_ttl=60.0
    )
    SHARED = (
        NLU,
        GENERATION,
        LANGUAGE_MODELS,
        UNANSWERED_TURNS,
        KNOWLEDGE,
        KNOWLEDGE_SEARCH,
        MEDIA,
        SOUNDS,
        RECOMMENDATION,
        TRAIN_CPU,
        MONITORING,
        RESPONSES,
        DOCUMENTS,
        BACKTESTS,
        CHANNELS,
        SAYINGS,
        DEAD,
    )

    @classmethod
    def is_expected(cls, exchange: Exchange, key: str) -> bool:
        """Whether a message handed in there belongs to a queue that always exists: if it finds none, it is lost.

        Nobody need listen to other events, and a process that asked may have gone: what finds no queue then is no loss.
        """
        return any(binding.matches(exchange, key) for queue in cls.SHARED for binding in queue.bindings)

    @staticmethod
    def reply(instance: str) -> QueueSpec:
        """The answers for one process. The name is the client's, so that it finds them again after a reconnect."""
        return QueueSpec(
            f"rpc.reply.{instance}", max_length=20_000, overflow="drop_oldest", message_ttl=30.0, expires=_UNUSED
        )

    @staticmethod
    def releases(service: str, instance: str) -> QueueSpec:
        """Models and bots that were published, for one process of ``service``."""
        bindings = (Binding(Exchange.EVENTS, "release.#"),)
        return QueueSpec(
            f"releases.{service}.{instance}", bindings, max_length=1_000, overflow="drop_oldest", expires=_UNUSED
        )

    @staticmethod
    def catalogs(instance: str) -> QueueSpec:
        """News of catalogs and of models, for one process that recommends."""
        bindings = (Binding(Exchange.EVENTS, "catalog.changed"), Binding(Exchange.EVENTS, "release.#"))
        return QueueSpec(f"catalogs.{instance}", bindings, max_length=1_000, overflow="drop_oldest", expires=_UNUSED)

    @staticmethod
    def cancellations(instance: str) -> QueueSpec:
        """Requests that nobody wants answered any more, for one process that works at such."""
        return _news(f"cancellations.{instance}", "generation.cancelled")

    @staticmethod
    def conversation_news(instance: str) -> QueueSpec:
        """Conversations in which something has changed, for one process that passes it on."""
        return _news(f"conversations.{instance}", "conversations.changed")

    @staticmethod
    def feed(instance: str) -> QueueSpec:
        """What one gateway replica passes on to those who watch."""
        return _news(f"feed.{instance}", "alert.raised", "training.progressed", "conversations.changed")


def _news(name: str, *keys: str) -> QueueSpec:
    """Events for one process; what it cannot take in time is old, and goes."""
    return QueueSpec(
        name,
        tuple(Binding(Exchange.EVENTS, key) for key in keys),
        max_length=10_000,
        overflow="drop_oldest",
        message_ttl=_UNUSED,
        expires=_UNUSED,
    )


def _topic_matches(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    head, rest = pattern[0], pattern[1:]
    if head == "#":
        return any(_topic_matches(rest, words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and head in ("*", words[0]) and _topic_matches(rest, words[1:])
