from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest

from shared.telemetry import logs
from tests.logging_to import lines_to


class Disk(io.StringIO):
    is_full = False

    def write(self, line: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(line)


def test_a_log_without_room_is_told_once_and_stops_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    stream = Disk()
    with lines_to(stream):
        for stream.is_full in (True, True, False, True):
            logs.get("services.test").info("said")
    written = capfd.readouterr().err
    assert written.count("Log lines are lost") == 2, "once for each time"
    assert "Traceback" not in written
    assert stream.getvalue().count("said") == 1


def test_a_log_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES", 1000)
    with lines_to(io.StringIO()):
        logs.configure("test", "info", "json", file=tmp_path / "log")
        for number in range(100):
            logs.get("services.test").info("said", number=number)
        logs.configure("test", "info", "json", stream=io.StringIO())
    kept = sorted(tmp_path.iterdir())
    assert [file.name for file in kept] == ["log", "log.1", "log.2", "log.3", "log.4"]
    assert all(file.stat().st_size <= 1000 for file in kept)
    assert '"number": 99' in kept[0].read_text("utf-8")


def test_a_child_writes_where_the_lines_go(tmp_path: Path) -> None:
    with (tmp_path / "log").open("a", encoding="utf-8") as file, lines_to(file):
        assert logs.descriptor() == file.fileno()
    with lines_to(io.StringIO()):
        assert logs.descriptor() == 2, "there is no such file: standard error"
