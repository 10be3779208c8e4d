"""How long the stack needs to be well again after a kill."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import count

from sqlalchemy import text

from shared.errors import ParleyError
from tests.chaos.caller import Caller
from tests.chaos.customers import STREAM
from tests.chaos.jobs import Jobs
from tests.chaos.keeper import Keeper
from tests.chaos.ledger import Ledger
from tests.chaos.stack import Stack
from tests.chaos.victims import TRAINER, Kill
from tests.waiting import wait_for

#: Seconds after which a stack that is not well is given up.
_PATIENCE = 90.0
_POLL = 0.1


@dataclass(frozen=True)
class Recovery:
    """What one kill cost.

    Attributes:
        kill: Who was hit.
        back: Seconds from the kill until the victim itself ran again.
        well: Seconds from then until every gateway answered a turn and new documents were counted.
    """

    kill: Kill
    back: float
    well: float


class Surgeon:
    """Kills, and watches the stack recover.

    Args:
        stack: The patient.
        keeper: Starts again what was killed.
        jobs: Knows the trainer.
        caller: Sends the probes.
        ledger: Told of them.
    """

    def __init__(self, stack: Stack, keeper: Keeper, jobs: Jobs, caller: Caller, ledger: Ledger) -> None:
        self._stack = stack
        self._keeper = keeper
        self._jobs = jobs
        self._caller = caller
        self._ledger = ledger
        self._numbers = count()

    def strike(self, kill: Kill) -> Recovery:
        """Kill, and return once the stack is well again."""
        time.sleep(kill.pause)
        if kill.kind == TRAINER:
            victim = self._jobs.trainer()
            began = time.monotonic()
            victim.kill()
            wait_for(
                lambda: not victim.is_running() and self._jobs.is_training(),
                _PATIENCE,
                f"a trainer after {kill}",
                _POLL,
            )
        else:
            began = self._keeper.kill(kill.member).began
            wait_for(lambda: self._keeper.is_back(kill.member), _PATIENCE, f"{kill.member} is back", _POLL)
        back = time.monotonic()
        self.wait_until_well()
        return Recovery(kill, back - began, time.monotonic() - back)

    def wait_until_well(self) -> None:
        """Return once every gateway answers a turn and a new document is counted."""
        for gateway in self._stack.gateways:
            wait_for(lambda: self._chats(gateway), _PATIENCE, f"{gateway} answers a turn", _POLL)  # noqa: B023  # called at once
        (document,) = self._ledger.send([self._name()])
        body = {"input": "still there?", "stream": STREAM, "ids": [document.id]}
        wait_for(
            lambda: self._caller.once("POST", "/v1/analyze", body) is not None, _PATIENCE, "nlu reads a document", _POLL
        )
        document.accepted = True
        wait_for(lambda: self._is_counted(document.id), _PATIENCE, "documents are counted", _POLL)

    def _chats(self, gateway: str) -> bool:
        said = self._ledger.say(f"are you well? ({self._name()})", None)
        body = {"model": "parley", "messages": [{"role": "user", "content": said.text}]}
        reply = self._caller.once("POST", "/v1/chat/completions", body, gateway=gateway)
        if reply is None:
            return False
        answer = reply.json()
        said.turn_id, said.conversation_id = answer["parley"]["turn_id"], answer["parley"]["conversation_id"]
        said.answer = answer["choices"][0]["message"]["content"]
        return True

    def _name(self) -> str:
        return f"{self._ledger.name}-probe-{next(self._numbers)}"

    def _is_counted(self, document_id: str) -> bool:
        counted = text("SELECT count(*) FROM sentiment_observations WHERE stream = :stream AND id = :id")
        try:
            with self._stack.database.reading() as session:
                row = session.connection().execute(counted, {"stream": STREAM, "id": document_id}).scalar_one()
        except ParleyError:
            return False
        return bool(row)
