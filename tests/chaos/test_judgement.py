"""The chaos test would see what it looks for."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, cast

import httpx
import pytest

from tests.chaos.caller import Caller, judged
from tests.chaos.keeper import Outage
from tests.chaos.ledger import Ledger, Outcome
from tests.chaos.stack import Stack
from tests.infrastructure import free_port

BODY = {"error": {"message": "later", "type": "server_error", "param": None, "code": "service_unavailable"}}
SSE = {"content-type": "text/event-stream"}


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (httpx.Response(200, json={}), "answered"),
        (httpx.Response(200, text="data: {}\n\ndata: [DONE]\n\n", headers=SSE), "answered"),
        (httpx.Response(200, text="data: {}\n\n", headers=SSE), "unclean"),
        (httpx.Response(503, json=BODY), "refused"),
        (httpx.Response(503, text="Service Unavailable"), "unclean"),
        (httpx.Response(503, json={"error": "later"}), "unclean"),
        (httpx.Response(500, json=BODY), "unclean"),
        (httpx.Response(404, json=BODY), "unclean"),
    ],
)
def test_a_reply_is_judged_by_status_and_body(reply: httpx.Response, outcome: Outcome) -> None:
    assert judged(reply)[0] == outcome


def asked(url: str, was_away: Callable[[str, float, float], bool]) -> Ledger:
    """The ledger after one request to a gateway at ``url``."""
    nobody: Any = cast("Any", None)
    stack = Stack(Path(), {}, {"gateway-1": url}, nobody, "", "")
    ledger = Ledger("test")
    caller = Caller(stack, ledger, was_away, Random(0), lambda: False, patience=0.5)
    assert caller.once("GET", "/v1/models") is None
    caller.close()
    return ledger


def test_a_gateway_that_says_nothing_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ledger = asked(f"http://127.0.0.1:{server.getsockname()[1]}", lambda *_: False)
    assert ledger.count("hung") == 1


@pytest.mark.parametrize(("away", "outcome"), [(True, "unreachable"), (False, "unclean")])
def test_a_broken_connection_is_clean_only_while_the_gateway_is_away(away: bool, outcome: Outcome) -> None:
    assert asked(f"http://127.0.0.1:{free_port()}", lambda *_: away).count(outcome) == 1


def test_an_outage_touches_what_overlaps_it() -> None:
    outage = Outage("gateway-1", began=10.0, ordered=True)
    assert outage.touches(12.0, 13.0), "it goes on"
    outage.ended = 11.0
    assert outage.touches(9.0, 10.5)
    assert outage.touches(10.2, 10.4)
    assert not outage.touches(11.1, 12.0)
    assert not outage.touches(8.0, 9.9)
