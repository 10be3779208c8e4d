"""The load: customers who chat in conversations, applications that chat with history, and a press desk with documents."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from threading import Event, Thread
from typing import Any

from shared.starter import utterances
from tests.chaos.caller import Caller, WasAway
from tests.chaos.ledger import Ledger, Said
from tests.chaos.stack import Stack

STREAM = "press"

#: Seconds that a customer thinks, on average.
_THINKING = 0.1


class Customer:
    """One customer, for as long as the round goes on.

    Args:
        name: Unique; part of every text, so that each can be found again.
        caller: Sends.
        ledger: Told of every message.
        chance: Decides what is said.
    """

    def __init__(self, name: str, caller: Caller, ledger: Ledger, chance: Random) -> None:
        self._name = name
        self._caller = caller
        self._ledger = ledger
        self._chance = chance
        self._numbers = count()
        self._texts = [json.loads(line)["text"] for line in utterances().read_text("utf-8").splitlines()]

    def converse(self) -> None:
        """A conversation named by its id, each message with an idempotency key and repeated until it is answered."""
        reply = self._caller.until_answered("POST", "/v1/conversations", {}, key=None)
        if reply is None:
            return
        path = f"/v1/conversations/{reply.json()['id']}/messages"
        for _ in range(self._chance.randint(2, 6)):
            said = self._say(with_key=True)
            if not self._send(said, path, {"content": said.text}):
                return

    def complete(self) -> None:
        """Chat completions that carry their history; every third one without a key, and then never repeated."""
        messages: list[dict[str, str]] = []
        for _ in range(self._chance.randint(1, 4)):
            said = self._say(with_key=self._chance.random() > 0.3)
            messages = [*messages, {"role": "user", "content": said.text}]
            body = {"model": "parley", "messages": messages, "stream": self._chance.random() < 0.25}
            if not self._send(said, "/v1/chat/completions", body):
                return
            messages = [*messages, {"role": "assistant", "content": said.answer or ""}]

    def tell_the_press(self) -> None:
        """A few documents for a stream, repeated until they are accepted."""
        ids = [f"{self._name}-{next(self._numbers)}" for _ in range(3)]
        documents = self._ledger.send(ids)
        body = {"input": [f"{self._text()} ({id_})" for id_ in ids], "stream": STREAM, "ids": ids}
        if self._caller.until_answered("POST", "/v1/analyze", body, key=None) is not None:
            for document in documents:
                document.accepted = True

    def think(self) -> None:
        """Pause."""
        time.sleep(self._chance.uniform(0, 2 * _THINKING))

    def _text(self) -> str:
        return str(self._chance.choice(self._texts))

    def _say(self, *, with_key: bool) -> Said:
        self.think()
        name = f"{self._name}-{next(self._numbers)}"
        return self._ledger.say(f"{self._text()} ({name})", name if with_key else None)

    def _send(self, said: Said, path: str, body: object) -> bool:
        if said.key is None:
            reply = self._caller.once("POST", path, body)
        else:
            reply = self._caller.until_answered("POST", path, body, key=said.key)
        if reply is None:
            return False
        said.turn_id, said.conversation_id, said.answer = _turn_of(reply.text, path)
        if said.key is not None and self._chance.random() < 0.1:
            again = self._caller.once("POST", path, body, key=said.key)
            if again is not None:
                said.repeated.append(_turn_of(again.text, path)[0])
        return True


def _turn_of(reply: str, path: str) -> tuple[str, str, str]:
    """Ids of turn and conversation, and the answer, of a message, a completion or a stream of chunks."""
    if path.startswith("/v1/conversations/"):
        message = json.loads(reply)
        return message["turn_id"], path.split("/")[3], message["content"]
    if not reply.startswith("data: "):
        whole = json.loads(reply)
        return whole["parley"]["turn_id"], whole["parley"]["conversation_id"], whole["choices"][0]["message"]["content"]
    chunks: list[Any] = [json.loads(part.removeprefix("data: ")) for part in reply.strip().split("\n\n")[:-1]]
    words = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])
    details = next(chunk["parley"] for chunk in chunks if chunk.get("parley"))
    return details["turn_id"], details["conversation_id"], words


@contextmanager
def busy(stack: Stack, ledger: Ledger, was_away: WasAway, seed: int, customers: int) -> Iterator[None]:
    """Let customers talk while the context is open; on leaving, the requests under way are waited for."""
    over = Event()
    threads = [
        _thread(stack, ledger, was_away, Random(f"{seed} {number}"), number, over) for number in range(customers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _thread(stack: Stack, ledger: Ledger, was_away: WasAway, chance: Random, number: int, over: Event) -> Thread:
    caller = Caller(stack, ledger, was_away, chance, lambda: not over.is_set())
    customer = Customer(f"{ledger.name}-{number}", caller, ledger, chance)
    habits: tuple[Callable[[], None], ...] = (customer.converse, customer.complete, customer.tell_the_press)

    def live() -> None:
        while not over.is_set():
            habits[number % len(habits)]()
            customer.think()
        caller.close()

    return Thread(target=live, name=f"customer-{number}", daemon=True)
