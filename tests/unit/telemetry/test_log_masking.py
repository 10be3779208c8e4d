from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.telemetry import logs
from tests.unit.privacy.canaries import every_canary


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config())
    stream = io.StringIO()
    logs.configure("test", "debug", "json", stream=stream)
    try:
        yield stream
    finally:
        root.handlers[:], config = before[0], before[2]
        root.setLevel(before[1])
        structlog.configure(**config)


@pytest.mark.parametrize("canary", every_canary())
def test_no_line_holds_a_canary_whoever_wrote_it_and_however(written: io.StringIO, canary: str) -> None:
    log = logs.get("services.test")
    log.info("said", text=f"it is {canary}, thanks", nested={"list": [canary]}, odd=ValueError(canary))
    logging.getLogger("a.library").warning("cannot read %s", canary)
    try:
        int(canary + "!")
    except ValueError:
        log.exception("not a number")
        logging.getLogger("a.library").exception("not a number: %r", {"value": canary})
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert len(lines) == 4
    assert canary not in written.getvalue()
    assert ascii(canary)[1:-1] not in written.getvalue()
    assert "ValueError" in lines[2]["exception"]
    assert all(line["timestamp"] and line["level"] and line["service"] == "test" for line in lines)
