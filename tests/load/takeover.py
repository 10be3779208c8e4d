"""``python -m tests.load.takeover``: how long words take between a customer and the colleague who has taken over, with many conversations open.

A colleague has so many conversations open in a browser, each a page of the console. Customers write over the API, and the clock stops when the
words stand in the colleague's page; the colleague presses "Send", and it stops when the words have come out of the customer's event stream.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Page

from tests.browser import browser
from tests.integration.console.conftest import Console, signed_in
from tests.load.console import serving
from tests.unit.gateway.platform import ADMIN_KEY
from tests.unit.gateway.test_conversations import begin, say

_SECONDS = 30.0


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=20)
    parser.add_argument("--words", type=int, default=3, help="each way, in each conversation")
    options = parser.parse_args()
    with (
        TemporaryDirectory() as folder,
        serving(Path(folder)) as console,
        browser() as chromium,
        console.platform.http() as http,
        signed_in(chromium, console) as context,
    ):
        open_ones = {begun(http): context.new_page() for _ in range(options.conversations)}
        for conversation_id, page in open_ones.items():
            page.goto(f"{console.url}/inbox/{conversation_id}")
            page.get_by_label("Answer as a person").first.wait_for()
        heard = [to_colleague(http, open_ones, place) for place in range(options.words)]
        told = [to_customers(console, open_ones, place) for place in range(options.words)]
    show("customer to colleague", [seconds for one in heard for seconds in one])
    show("colleague to customer", [seconds for one in told for seconds in one])


def begun(http: httpx.Client) -> str:
    """A conversation that a person has taken over."""
    conversation_id = begin(http)
    say(http, conversation_id, "hello").raise_for_status()
    http.post(f"/v1/conversations/{conversation_id}/take_over").raise_for_status()
    return conversation_id


def to_colleague(http: httpx.Client, pages: dict[str, Page], place: int) -> list[float]:
    """Seconds until a customer's words stand in the page, for each conversation."""
    found = []
    for conversation_id, page in pages.items():
        words, began = f"customer says {place}", time.perf_counter()
        say(http, conversation_id, words).raise_for_status()
        page.get_by_text(words, exact=True).wait_for()
        found.append(time.perf_counter() - began)
    return found


def to_customers(console: Console, pages: dict[str, Page], place: int) -> list[float]:
    """Seconds until a colleague's words have come out of the customer's event stream, for each conversation."""
    found = []
    for conversation_id, page in pages.items():
        words, arrived, listening = f"colleague says {place}", Queue[float](), threading.Event()
        customer = threading.Thread(target=_listen, args=(console, conversation_id, words, listening, arrived))
        customer.start()
        listening.wait(_SECONDS)
        page.bring_to_front()  # pages in the background are slowed down by the browser
        page.get_by_label("Answer as a person").first.fill(words)
        began = time.perf_counter()
        page.get_by_role("button", name="Send").click()
        found.append(arrived.get(timeout=_SECONDS) - began)
        customer.join()
    return found


def _listen(
    console: Console, conversation_id: str, words: str, listening: threading.Event, arrived: Queue[float]
) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    address = f"{console.platform.url}/v1/conversations/{conversation_id}/events"
    with httpx.stream("GET", address, headers=headers, timeout=_SECONDS) as stream:
        listening.set()
        for line in stream.iter_lines():
            if words in line:
                arrived.put(time.perf_counter())
                return


def show(way: str, seconds: Sequence[float]) -> None:
    """Median, 95th percentile and worst, in ms."""
    found = sorted(1000 * one for one in seconds)
    high = found[int(0.95 * (len(found) - 1))]
    print(f"{way}: median {statistics.median(found):.0f} ms, p95 {high:.0f}, worst {found[-1]:.0f} of {len(found)}")


if __name__ == "__main__":
    main()
