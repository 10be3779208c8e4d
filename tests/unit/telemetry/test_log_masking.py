from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from shared.telemetry import logs
from tests.logging_to import lines_to
from tests.unit.privacy.canaries import every_canary


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    with lines_to(stream):
        yield stream


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
