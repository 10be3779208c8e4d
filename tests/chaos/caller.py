"""Sends requests as a client behind a load balancer does, and judges every single reply."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import httpx

from tests.chaos.ledger import Attempt, Ledger, Outcome
from tests.chaos.stack import DEADLINE, Stack

#: Seconds beyond the deadline for what is no waiting: the way there and back on a busy machine, and storing the turn.
GRACE = 3.0
#: Seconds before a refused request is repeated.
_PAUSE = 0.3

_RETRYABLE = {409, 429, 503, 504}

WasAway = Callable[[str, float, float], bool]
"""Whether a gateway was away at any moment between two times of the monotonic clock."""


class Caller:
    """One client with a connection to each gateway.

    Args:
        stack: Where to.
        ledger: Told of every request.
        was_away: Tells whether a broken connection is to be expected.
        chance: Chooses gateways.
        going: False once the round is over: then nothing is repeated any more.
        patience: Seconds after which a request hangs.
    """

    def __init__(
        self,
        stack: Stack,
        ledger: Ledger,
        was_away: WasAway,
        chance: Random,
        going: Callable[[], bool],
        *,
        patience: float = DEADLINE + GRACE,
    ) -> None:
        self._clients = stack.http(patience)
        self._patience = patience
        self._ledger = ledger
        self._was_away = was_away
        self._chance = chance
        self._going = going

    def once(
        self, method: str, path: str, body: object = None, *, key: str | None = None, gateway: str | None = None
    ) -> httpx.Response | None:
        """One request; the answer, or ``None`` for an error of whatever kind."""
        gateway = gateway or self._chance.choice(sorted(self._clients))
        headers = {"Idempotency-Key": key} if key else {}
        began = time.monotonic()
        reply: httpx.Response | None = None
        try:
            reply = self._clients[gateway].request(method, path, json=body, headers=headers)
        except httpx.TimeoutException as error:
            outcome, detail = self._timed_out(gateway, began), f"{type(error).__name__} {gateway} {method} {path}"
        except httpx.TransportError as error:
            down = self._was_away(gateway, began, time.monotonic())
            outcome, detail = ("unreachable" if down else "unclean"), f"{type(error).__name__}: {error}"
        else:
            outcome, detail = judged(reply)
        seconds = time.monotonic() - began
        if seconds > self._patience and outcome != "unreachable":
            outcome, detail = "hung", f"{seconds:.1f} s: {detail}"
        self._ledger.attempted(Attempt(gateway, outcome, seconds, detail))
        return reply if outcome == "answered" else None

    def until_answered(self, method: str, path: str, body: object = None, *, key: str | None) -> httpx.Response | None:
        """Repeat a request until it is answered; ``None`` if the round ended before."""
        while (reply := self.once(method, path, body, key=key)) is None and self._going():
            time.sleep(_PAUSE)
        return reply

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()

    def _timed_out(self, gateway: str, began: float) -> Outcome:
        """A request to a gateway that is killed may time out in its backlog instead of being refused."""
        return "unreachable" if self._was_away(gateway, began, time.monotonic()) else "hung"


def judged(reply: httpx.Response) -> tuple[Outcome, str]:
    """What to think of a reply, and why."""
    if reply.is_success:
        return _of_stream(reply)
    error = _error(reply)
    if error is None or reply.status_code not in _RETRYABLE:
        return "unclean", f"{reply.status_code} {reply.text[:200]}"
    return "refused", f"{reply.status_code} {error['code']}"


def _of_stream(reply: httpx.Response) -> tuple[Outcome, str]:
    streamed = reply.headers["content-type"].startswith("text/event-stream")
    if streamed and not reply.text.endswith("data: [DONE]\n\n"):
        return "unclean", f"the stream broke off: {reply.text[-100:]!r}"
    return "answered", str(reply.status_code)


def _error(reply: httpx.Response) -> Mapping[str, Any] | None:
    """The error of the OpenAI body, if it is one."""
    try:
        body = reply.json()
    except ValueError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) and {"message", "type", "param", "code"} <= error.keys() else None
