"""``python -m tests.load.console [--conversations N] [--viewers N] [--seconds N]``: how long pages take with much in the database, and what viewers cost.

Loading: from the address to a page that shows its content and is quiet, in headless Chromium, the median of three, with so many conversations
(two turns each) and 1,000 jobs stored. Viewers: processor time of gateway and
console at 50 turns a second, without viewers and with so many pages open that keep themselves up to date, as a share of the cores. The browser's own
time is not counted: viewers bring their browsers along.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import BrowserContext, Page

from services.console.frame import MENU
from shared.contracts.chat.turns import Answer, DialogueState
from shared.contracts.training.jobs import JobSpec
from shared.storage.database.engine import Database
from shared.storage.database.statements import insert_rows
from shared.storage.tables.core import Conversation, ConversationStatus, Job, Turn
from tests.browser import browser
from tests.infrastructure import free_port
from tests.integration.console.conftest import Console, signed_in
from tests.load.chat_stack import cpu_seconds, load
from tests.unit.gateway.echo import MODEL, understand
from tests.unit.gateway.platform import ADMIN_KEY, running_platform

JOBS = 1_000
_AT_ONCE = 1_000
_TIMES = 3
#: Turns a second at which the cost of viewers is measured.
RATE = 50.0
#: Pages that viewers look at, in turn.
LIVE = ("/", "/inbox?status=all", "/status", "/jobs")


def main() -> None:
    """Print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=50_000)
    parser.add_argument("--viewers", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement of turns")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, serving(Path(folder)) as console, browser() as chromium:
        last = fill(console.platform.database, options.conversations)
        with signed_in(chromium, console) as context:
            pages = [entry.path for entry in MENU] + ["/inbox?status=all", f"/inbox/{last}"]
            loading(console, context, pages)
            viewers(console, context, options.viewers, options.seconds)


@contextmanager
def serving(home: Path) -> Iterator[Console]:
    """A gateway and a console, each at a port of its own."""
    with running_platform(home / "gateway", requests_per_minute=10_000_000) as platform:
        console = Console(f"http://127.0.0.1:{free_port()}", platform, home)
        console.start()
        try:
            yield console
        finally:
            console.kill()


def fill(database: Database, conversations: int) -> str:
    """Store conversations of two turns each, and jobs; the id of the last conversation."""
    now = time.time()
    with database.reading() as session:
        key_id = session.connection().exec_driver_sql("SELECT id FROM api_keys").scalar_one()
    for start in range(0, conversations, _AT_ONCE):
        some = range(start, min(start + _AT_ONCE, conversations))
        with database.transaction() as session:
            insert_rows(session, [_conversation(number, now, key_id) for number in some])
            insert_rows(session, [_turn(number, place, now, key_id) for number in some for place in range(2)])
    spec = JobSpec(model="minilm", training_file="file-1")
    with database.transaction() as session:
        jobs = [
            Job(id=f"ftjob-{n:06d}", created_at=now - n, spec=spec, status="succeeded", seed=0) for n in range(JOBS)
        ]
        insert_rows(session, jobs)
    return f"conv_{conversations - 1:06d}"


def _conversation(number: int, now: float, key_id: str) -> Conversation:
    status: ConversationStatus = "handed_over" if number % 50 == 0 else "open"
    return Conversation(id=f"conv_{number:06d}", created_at=now - number, status=status, turns=2, key_id=key_id)


def _turn(number: int, place: int, now: float, key_id: str) -> Turn:
    return Turn(
        id=f"turn_{number:06d}_{place}",
        conversation_id=f"conv_{number:06d}",
        position=place,
        created_at=now - number,
        user_text=f"where is order {number}",
        answer=Answer(text="It is on its way.", kind="template"),
        understanding=understand(f"where is order {number}"),
        state=DialogueState(),
        bot_version=1,
        model_id=MODEL,
        key_id=key_id,
        observed_at=now,
    )


def loading(console: Console, context: BrowserContext, paths: list[str]) -> None:
    """How long each page takes."""
    print("| page | seconds, median | slowest |\n|---|---|---|")
    for path in paths:
        taken = []
        for _ in range(_TIMES):
            page = context.new_page()
            begun = time.perf_counter()
            _shown(page, console.url + path)
            taken.append(time.perf_counter() - begun)
            page.close()
        print(f"| {path} | {statistics.median(taken):.2f} | {max(taken):.2f} |", flush=True)


def _shown(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("heading", level=1).wait_for()


def viewers(console: Console, context: BrowserContext, count: int, seconds: float) -> None:
    """What the platform (gateway, echoes and console) takes at a steady rate of turns, without viewers, with them, without again."""
    port = urlsplit(console.platform.url).port or 0
    load(port, ADMIN_KEY, clients=8, seconds=2.0)
    alone = _busy(console, port, seconds)
    pages = [context.new_page() for _ in range(count)]
    for number, page in enumerate(pages):
        page.goto(console.url + LIVE[number % len(LIVE)])
    _least_priority()
    watched = _busy(console, port, seconds)
    for page in pages:
        page.close()
    time.sleep(5.0)  # the console forgets pages that are gone
    again = _busy(console, port, seconds)
    cores, cost = os.cpu_count() or 1, watched - (alone + again) / 2
    print(f"\nAt {RATE:g} turns/s: {alone:.2f} and {again:.2f} cores busy without viewers, {watched:.2f} with {count}.")
    print(f"They cost {cost:.2f} of {cores} cores: {cost / cores:.1%} of what the machine has for turns.")


def _busy(console: Console, port: int, seconds: float) -> float:
    """Cores that gateway and console keep busy; counted as processor time, whatever else the machine does."""
    assert console.process is not None
    processes = (os.getpid(), console.process.pid)
    before = sum(map(cpu_seconds, processes))
    begun = time.perf_counter()
    load(port, ADMIN_KEY, clients=8, seconds=seconds, rate=RATE)
    return (sum(map(cpu_seconds, processes)) - before) / (time.perf_counter() - begun)


def _least_priority() -> None:
    """The browser's processes give way to the platform's."""
    for process in psutil.Process(os.getpid()).children(recursive=True):
        if "chrom" in process.name() or "headless" in process.name():
            process.nice(19)


if __name__ == "__main__":
    main()
