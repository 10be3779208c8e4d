from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Event

import pytest

from services.gateway.chat.outbox import OVERDUE_SECONDS, Outbox
from services.gateway.chat.turn_writer import TurnWriter
from shared.contracts.chat.turns import Answer, DialogueState
from shared.contracts.monitoring.sentiment import SentimentObserved
from shared.errors import Conflict, InvalidInput, TooManyRequests, Unavailable
from shared.messaging.bus import Bus, Publisher
from shared.messaging.connect import connect
from shared.messaging.encoded import EncodedMessage
from shared.messaging.envelope import Envelope
from shared.messaging.topology import Queues
from shared.storage.chat import conversations
from shared.storage.database.engine import Database, open_database
from shared.storage.database.identity import new_id
from shared.storage.tables.core import Conversation, Turn
from tests.unit.gateway.echo import understand
from tests.waiting import wait_for


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path / 'turns.db'}") as opened:
        yield opened


@pytest.fixture
def bus() -> Iterator[Bus]:
    with connect(f"memory://{new_id('key_')}") as opened:
        yield opened


def conversation() -> Conversation:
    return Conversation(id=new_id("conv_"), created_at=1.0, state=DialogueState(), key_id="key_1")


def turn(of: Conversation, position: int = 0, *, text: str = "hello you", created_at: float = 1.0) -> Turn:
    return Turn(
        id=new_id("turn_"),
        conversation_id=of.id,
        position=position,
        created_at=created_at,
        user_text=text,
        answer=Answer(text="yes", kind="template"),
        understanding=understand(text),
        state=DialogueState(),
        bot_version=1,
        model_id="m",
        key_id=of.key_id,
    )


def stored(database: Database, of: Conversation) -> list[str]:
    with database.reading() as session:
        return [one.id for one in conversations.turns(session, of.id).items]


def nothing(_turns: Sequence[Turn]) -> None:
    """Nobody needs to know."""


def test_turns_and_their_new_conversations_are_stored_together(database: Database) -> None:
    told: list[str] = []
    with TurnWriter(database, lambda turns: told.extend(one.id for one in turns), 100) as writer:
        begun = [conversation() for _ in range(20)]
        turns = [turn(one) for one in begun]
        futures = [writer.store(one, opens=opens) for one, opens in zip(turns, begun, strict=True)]
        for future in futures:
            future.result(10)
    assert [stored(database, one) for one in begun] == [[one.id] for one in turns]
    assert sorted(told) == sorted(one.id for one in turns)


def test_of_two_turns_for_one_place_the_second_meets_a_conflict(database: Database) -> None:
    with TurnWriter(database, nothing, 100) as writer:
        begun = conversation()
        writer.store(turn(begun), opens=begun).result(10)
        first, second = turn(begun, 1), turn(begun, 1)
        one, other = writer.store(first), writer.store(second)
        one.result(10)
        with pytest.raises(Conflict):
            other.result(10)
    assert stored(database, begun)[1:] == [first.id]


def test_a_turn_that_cannot_be_stored_harms_no_other(database: Database) -> None:
    with TurnWriter(database, nothing, 100) as writer:
        begun = [conversation() for _ in range(10)]
        turns = [turn(one, text="poison \0 pill" if number == 4 else "fine text") for number, one in enumerate(begun)]
        futures = [writer.store(one, opens=opens) for one, opens in zip(turns, begun, strict=True)]
        outcomes = [type(future.exception(10)) for future in futures]
    assert outcomes == [InvalidInput if number == 4 else type(None) for number in range(10)]


def test_leaving_writes_what_was_handed_in(database: Database) -> None:
    begun = [conversation() for _ in range(50)]
    with TurnWriter(database, nothing, 100) as writer:
        futures = [writer.store(turn(one), opens=one) for one in begun]
    assert all(future.done() and future.exception() is None for future in futures)


def test_a_full_writer_refuses(database: Database) -> None:
    writer = TurnWriter(database, nothing, 2)
    begun = conversation()
    for position in range(2):
        writer.store(turn(begun, position))
    with pytest.raises(TooManyRequests):
        writer.store(turn(begun, 2))


def test_a_caller_who_left_does_not_stop_the_writer(database: Database) -> None:
    begun = [conversation(), conversation()]
    writer = TurnWriter(database, nothing, 10)
    left: Future[None] = writer.store(turn(begun[0]), opens=begun[0])
    assert left.cancel()
    stays = writer.store(turn(begun[1]), opens=begun[1])
    with writer:
        stays.result(10)
    assert stored(database, begun[0]) == []


def unobserved(database: Database) -> int:
    with database.reading() as session:
        return len(conversations.unobserved(session, time.time() + 1, 100))


def test_stored_turns_are_told_together_and_marked(database: Database, bus: Bus) -> None:
    begun = [conversation() for _ in range(30)]
    with (
        bus.subscribe(Queues.MONITORING, 100) as monitoring,
        bus.publisher() as publisher,
        Outbox(database, publisher, time.time) as outbox,
        TurnWriter(database, outbox.hand_over, 100) as writer,
    ):
        turns = [turn(one) for one in begun]
        for future in [writer.store(one, opens=opens) for one, opens in zip(turns, begun, strict=True)]:
            future.result(10)
        wait_for(lambda: unobserved(database) == 0, 20)
        messages = [delivery.decode().message for delivery in monitoring.receive(100, 1.0)]
    told = [seen.id for message in messages if isinstance(message, SentimentObserved) for seen in message.observations]
    assert sorted(told) == sorted(one.id for one in turns)
    assert len(messages) < 10, "many turns share a message"


class Lame:
    """A publisher that fails until it is healed."""

    def __init__(self, publisher: Publisher, error: Exception) -> None:
        self._publisher = publisher
        self._error = error
        self.healed = Event()

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        if not self.healed.is_set():
            raise self._error
        self._publisher.publish(envelopes)

    def send(self, encoded_messages: Sequence[EncodedMessage]) -> None:
        self._publisher.send(encoded_messages)


@pytest.mark.parametrize("error", [Unavailable("the broker is away"), RuntimeError("nobody foresaw this")])
def test_what_could_not_be_told_is_told_later(database: Database, bus: Bus, error: Exception) -> None:
    begun = conversation()
    late = turn(begun, created_at=time.time() - OVERDUE_SECONDS)
    with bus.subscribe(Queues.MONITORING, 100) as monitoring, bus.publisher() as publisher:
        lame = Lame(publisher, error)
        with Outbox(database, lame, time.time) as outbox, TurnWriter(database, outbox.hand_over, 100) as writer:
            writer.store(late, opens=begun).result(10)
            assert monitoring.receive(1, 0.5) == []
            assert unobserved(database) == 1, "an answer does not wait for the broker"
            lame.healed.set()
            wait_for(lambda: unobserved(database) == 0, 20)
        [delivery] = monitoring.receive(100, 1.0)
    message = delivery.decode().message
    assert isinstance(message, SentimentObserved)
    assert [seen.id for seen in message.observations] == [late.id]
