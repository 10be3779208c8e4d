"""What a process says of itself, and of its clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.presence import Presence
from shared.storage import processes
from shared.storage.database.engine import Database, open_database
from shared.storage.monitoring import troubles
from shared.storage.tables.platform import Trouble
from shared.telemetry.clock_jumps import ClockJumps
from shared.telemetry.health import Report


class Clocks:
    """Two clocks that a test sets."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_000_000.0, 50.0

    def pass_by(self, seconds: float, *, jump: float = 0.0) -> None:
        self.wall += seconds + jump
        self.monotonic += seconds


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path / 'parley.db'}") as database:
        yield database


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def presence(database: Database, clocks: Clocks) -> Presence:
    problems: dict[str, str] = {}
    return Presence(
        database,
        "nlu",
        lambda: Report(ready=not problems, problems=problems),
        lambda: {"model": "ft:1"},
        clock=lambda: clocks.wall,
        monotonic=lambda: clocks.monotonic,
    )


def noted(database: Database) -> list[Trouble]:
    with database.reading() as session:
        return troubles.since(session, 0)


def test_a_process_is_one_row_until_it_leaves(database: Database, presence: Presence, clocks: Clocks) -> None:
    presence.say()
    clocks.pass_by(10)
    presence.say()
    with database.reading() as session:
        (row,) = processes.all(session)
    assert (row.service, row.seen_at - row.started_at, row.facts) == ("nlu", 10, {"model": "ft:1"})
    presence.leave()
    with database.reading() as session:
        assert processes.all(session) == []
    assert noted(database) == []


@pytest.mark.parametrize("jump", [3600.0, -7200.0])
def test_a_clock_that_jumps_is_noted(database: Database, presence: Presence, clocks: Clocks, jump: float) -> None:
    presence.say()
    clocks.pass_by(10, jump=jump)
    presence.say()
    (trouble,) = noted(database)
    assert (trouble.kind, trouble.subject) == ("clock_jumped", "nlu")
    assert f"{jump:+.0f} s" in trouble.detail


def test_a_database_that_was_away_is_noted_once_it_is_back(
    database: Database, presence: Presence, clocks: Clocks
) -> None:
    presence.say()
    clocks.pass_by(300)
    presence.say()
    (trouble,) = noted(database)
    assert (trouble.kind, trouble.until is not None and trouble.until - trouble.since) == ("database_away", 300)


def test_a_clock_that_is_corrected_a_little_does_not_jump() -> None:
    jumps = ClockJumps(100.0, 0.0)
    assert jumps.look(112.0, 10.0) == 0.0
    assert jumps.look(122.0, 20.0) == 0.0
    assert jumps.look(92.0, 30.0) == pytest.approx(-40.0)
    assert jumps.look(102.0, 40.0) == 0.0
