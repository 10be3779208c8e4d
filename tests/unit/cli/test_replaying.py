from __future__ import annotations

from pathlib import Path

import pytest

from services.cli.api import CommandError
from services.cli.replaying import DatedLine, paced, read_documents
from shared.rows.reader import read_rows
from shared.starter import finance
from shared.tasks.records import kind_by_fields


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 50.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


def test_rows_come_in_order_and_rhythm() -> None:
    time = Time()
    rows = [DatedLine(at, str(at).encode()) for at in (0.0, 10.0, 600.0, 605.0, 6000.0)]
    pieces = [(time.now - 50.0, piece) for piece in paced(rows, 600, clock=lambda: time.now, sleep=time.sleep)]
    assert all(at * 600 >= float(line) for at, piece in pieces for line in piece)
    assert sum(len(piece) for _, piece in pieces) == 5
    assert time.now - 50.0 == pytest.approx(10.0, abs=0.3)


def test_without_a_speed_all_come_at_once() -> None:
    time = Time()
    assert [len(piece) for piece in paced([DatedLine(0.0, b"a"), DatedLine(9e9, b"b")], 0, sleep=time.sleep)] == [2]
    assert time.slept == []


def test_dates_of_every_kind_are_put_in_order(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    times = ('"2026-11-09T08:00:02+08:00"', "1794182400", "1794182401000", '"1794182403.5"')
    file.write_text("\n".join(f'{{"published_at": {one}}}' for one in times))
    assert [one.at - 1794182400 for one in read_documents(file)] == [0, 1, 2, 3.5]
    file.write_text('{"published_at": "soon"}')
    with pytest.raises(CommandError, match="Row 1"):
        read_documents(file)


def test_the_example_can_be_trained_on_and_replayed() -> None:
    with finance("headlines.jsonl").open("rb") as stream:
        report = read_rows(stream, "jsonl", kind_by_fields)
    assert (report.task, report.fault_count) == ("text_classification", 0)
    assert len(report.rows) >= 600
    replay = read_documents(finance("replay.jsonl"))
    assert len(replay) > 900
    assert 6 * 86_400 < replay[-1].at - replay[0].at < 7 * 86_400
