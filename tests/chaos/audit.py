"""Reads back what the stack has stored, over the API and from the tables, and compares it with the ledger."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import text

from shared.contracts.monitoring.sentiment import CHAT_STREAM
from shared.messaging.connect import connect
from shared.messaging.topology import Queues
from tests.chaos.caller import Caller
from tests.chaos.customers import STREAM
from tests.chaos.ledger import Ledger
from tests.chaos.stack import Stack

#: Seconds within which the last sentiment is told: the sweep takes care of turns ten seconds old, every five seconds.
_SWEEP = 45.0


#: Seconds within which the API has to tell what it knows.
_API = 5.0


@dataclass(frozen=True)
class StoredTurn:
    """A row of ``turns``."""

    id: str
    conversation_id: str
    position: int
    user_text: str
    answer: str
    sentiment: str | None


@dataclass
class Findings:
    """What does not agree, in words; nothing but empty lists is right."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    turns: int = 0
    observations: int = 0


class Audit:
    """Compares.

    Args:
        stack: Has ended what it was asked.
        ledger: What it was asked, and answered.
        caller: Reads over the API.
    """

    def __init__(self, stack: Stack, ledger: Ledger, caller: Caller) -> None:
        self._stack = stack
        self._ledger = ledger
        self._caller = caller
        self._found = Findings()

    def run(self) -> Findings:
        """Everything; waits for the sentiment that is still on its way."""
        turns = self._turns()
        self._found.turns = len(turns)
        self._compare_turns(turns)
        self._compare_places(turns)
        self._compare_api()
        self._compare_sentiment(turns)
        self._compare_alerts()
        self._look_for_dead_letters()
        return self._found

    def _turns(self) -> list[StoredTurn]:
        rows = self._rows(
            "SELECT id, conversation_id, position, user_text, answer ->> 'text',"
            " understanding -> 'sentiment' ->> 'label' FROM turns"
        )
        return [StoredTurn(*row) for row in rows]

    def _compare_turns(self, turns: Sequence[StoredTurn]) -> None:
        by_id = {turn.id: turn for turn in turns}
        for said in self._ledger.accepted:
            turn = by_id.get(said.turn_id or "")
            if turn is None:
                self._found.lost.append(f"{said.turn_id}: {said.text}")
            elif (turn.user_text, turn.conversation_id, turn.answer) != (said.text, said.conversation_id, said.answer):
                self._found.wrong.append(f"{said.turn_id} is stored otherwise than it was answered")
        times = Counter(turn.user_text for turn in turns)
        self._found.doubled += [
            f"{said.text}: {times[said.text]} times" for said in self._ledger.said if times[said.text] > 1
        ]
        for said in self._ledger.said:
            if set(said.repeated) - {said.turn_id}:
                self._found.doubled.append(f"{said.key}: answered as {said.turn_id} and as {said.repeated}")
        ours = {words for words in times if f"({self._ledger.name}-" in words}
        strangers = ours - {said.text for said in self._ledger.said}
        self._found.wrong += [f"nobody said {stranger!r}" for stranger in strangers]

    def _compare_places(self, turns: Sequence[StoredTurn]) -> None:
        positions: defaultdict[str, list[int]] = defaultdict(list)
        for turn in turns:
            positions[turn.conversation_id].append(turn.position)
        for conversation_id, counted in self._rows("SELECT id, turns FROM conversations"):
            if sorted(positions[conversation_id]) != list(range(counted)):
                self._found.wrong.append(f"{conversation_id} counts {counted}, but has {positions[conversation_id]}")

    def _compare_api(self) -> None:
        """What was accepted can also be read by its owner."""
        expected: defaultdict[str, set[str]] = defaultdict(set)
        for said in self._ledger.accepted:
            expected[said.conversation_id or ""].add(f"{said.turn_id}.assistant")
        for conversation_id, messages in expected.items():
            path = f"/v1/conversations/{conversation_id}/messages?limit=100"
            reply = self._read(path)
            listed = {message["id"] for message in reply.json()["data"]} if reply else set()
            self._found.lost += [f"{missing} is not listed" for missing in messages - listed]

    def _compare_sentiment(self, turns: Sequence[StoredTurn]) -> None:
        felt = {turn.id: turn.sentiment for turn in turns if turn.sentiment is not None}
        deadline = time.monotonic() + _SWEEP
        while (observed := self._observed(CHAT_STREAM)) != felt and time.monotonic() < deadline:
            time.sleep(0.5)
        if observed != felt:
            told, stored = set(observed), set(felt)
            self._found.wrong.append(f"sentiment: {len(stored - told)} untold, {len(told - stored)} too many")
        documents = self._observed(STREAM)
        accepted = {document.id for document in self._ledger.documents if document.accepted}
        self._found.lost += [f"document {id_} is not counted" for id_ in accepted - set(documents)]
        ours = {id_ for id_ in documents if id_.startswith(f"{self._ledger.name}-")}
        unsent = ours - {document.id for document in self._ledger.documents}
        self._found.wrong += [f"nobody sent the document {id_}" for id_ in unsent]
        for stream, seen in ((CHAT_STREAM, observed), (STREAM, documents)):
            self._compare_counts(stream, Counter(seen.values()))
        self._found.observations = len(observed) + len(documents)

    def _observed(self, stream: str) -> dict[str, str]:
        rows = self._rows("SELECT id, sentiment FROM sentiment_observations WHERE stream = :stream", stream=stream)
        return {row[0]: row[1] for row in rows}

    def _compare_counts(self, stream: str, expected: Counter[str]) -> None:
        reply = self._read(f"/v1/sentiment/trends?stream={stream}")
        points = reply.json()["data"] if reply else []
        counts = Counter(
            {label: sum(point[label] for point in points) for label in ("negative", "neutral", "positive")}
        )
        if +counts != +expected:
            self._found.wrong.append(f"the trend of {stream} counts {dict(counts)}, but there are {dict(expected)}")

    def _compare_alerts(self) -> None:
        """Both streams are mostly negative: on each exactly one alert fires, it was told, and names what it is made of."""
        deadline = time.monotonic() + _SWEEP
        while (
            self._rows("SELECT id FROM alerts WHERE announced IS DISTINCT FROM state") and time.monotonic() < deadline
        ):
            time.sleep(0.5)
        alerts = self._rows("SELECT stream, state, announced, evidence FROM alerts")
        firing = Counter(row[0] for row in alerts if row[1] == "firing")
        for stream in (CHAT_STREAM, STREAM):
            negative = [label for label in self._observed(stream).values() if label == "negative"]
            if firing[stream] != 1:
                self._found.wrong.append(f"{firing[stream]} alerts fire on {stream} with {len(negative)} negatives")
        self._found.wrong += [
            f"an alert on {row[0]} is {row[1]}, told is {row[2]}" for row in alerts if row[1] != row[2]
        ]
        for stream, _, _, evidence in alerts:
            if not evidence or any(self._observed(stream).get(id_) != "negative" for id_ in evidence):
                self._found.wrong.append(f"the evidence of an alert on {stream} is wrong")

    def _look_for_dead_letters(self) -> None:
        with connect(self._stack.broker_url) as bus:
            dead = bus.depth(Queues.DEAD)
        if dead:
            self._found.wrong.append(f"{dead} dead letters")

    def _read(self, path: str) -> httpx.Response | None:
        """What the API tells, or ``None`` if it tells nothing for a while."""
        deadline = time.monotonic() + _API
        while (reply := self._caller.once("GET", path)) is None and time.monotonic() < deadline:
            time.sleep(0.3)
        return reply

    def _rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        with self._stack.database.reading() as session:
            return [tuple(row) for row in session.connection().execute(text(statement), values)]
