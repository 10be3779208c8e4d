"""Traces over the hops of a turn and a job, as a real collector gets them; nothing of what was said is in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shared.errors import SettingsError
from shared.settings import PlatformSettings, read_settings
from shared.telemetry import tracing
from shared.telemetry.correlation import new_correlation_id
from tests.receiver import Receiver, receiving
from tests.unit.gateway.platform import asked, running_platform
from tests.waiting import wait_for

SECRET = "the words of a customer"


class Collector:
    """Takes what OTLP exporters send."""

    def __init__(self, receiver: Receiver) -> None:
        self.url = receiver.url
        self._receiver = receiver

    @property
    def bodies(self) -> list[bytes]:
        return [one.body for one in self._receiver.received]

    def spans(self) -> list[Any]:
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            span
            for one in requests
            for group in one.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with receiving() as receiver:
        yield Collector(receiver)


def test_a_turn_is_one_trace_over_its_hops(collector: Collector, tmp_path: Path) -> None:
    with tracing.traced("test", collector.url, 1.0), running_platform(tmp_path) as platform, platform.http() as http:
        body = {"model": "parley", "messages": asked(SECRET)}
        reply = http.post("/v1/chat/completions?note=secret-query", json=body).raise_for_status()
        request_id = reply.headers["x-request-id"]
    spans = {span.name: span for span in collector.spans() if span.trace_id.hex() == tracing.trace_id(request_id)}
    assert spans.keys() == {"POST /v1/chat/completions", "nlu turn.received", "generation turn.understood"}
    first = spans["POST /v1/chat/completions"]
    assert first.parent_span_id == b""
    hops = [span for span in spans.values() if span is not first]
    assert {span.parent_span_id for span in hops} == {first.span_id}
    assert all(first.start_time_unix_nano <= span.start_time_unix_nano for span in hops)
    assert all(span.end_time_unix_nano <= first.end_time_unix_nano for span in hops)
    sent = b"".join(collector.bodies)
    assert SECRET.encode() not in sent
    assert b"secret-query" not in sent
    assert request_id.encode() in sent


def test_a_trace_of_a_job_begins_with_its_submission(collector: Collector) -> None:
    with tracing.traced("test", collector.url, 1.0):
        tracing.first("job submitted", "ftjob-1", 1, {"parley.task": "nlu"})
        with tracing.hopping("training attempt", "ftjob-1", {"parley.attempt": 1}):
            pass
        with pytest.raises(ValueError, match="lost"), tracing.hopping("training attempt", "ftjob-1", {}):
            raise ValueError("lost")
    first, attempt, lost = collector.spans()
    assert attempt.parent_span_id == lost.parent_span_id == first.span_id
    assert {one.trace_id.hex() for one in (first, attempt, lost)} == {tracing.trace_id("ftjob-1")}
    assert (attempt.status.code, lost.status.code) == (0, 2)


def test_ids_are_the_correlation_ids_where_they_can_be() -> None:
    own = new_correlation_id()
    assert tracing.trace_id(own) == own
    chosen = tracing.trace_id("a-client's choice")
    assert (len(chosen), chosen) == (32, tracing.trace_id("a-client's choice"))
    assert tracing.trace_id("0" * 32) != "0" * 32


def test_a_share_of_traces_is_the_same_in_every_process(collector: Collector) -> None:
    ids = [new_correlation_id() for _ in range(200)]
    for _ in range(2):
        with tracing.traced("test", collector.url, 0.5):
            for one in ids:
                tracing.hop("nlu turn.received", one, 1, {})
    wait_for(lambda: len(collector.bodies) >= 2, 5, "both processes' spans")
    told = [span.trace_id for span in collector.spans()]
    assert 50 < len(set(told)) < 150
    assert len(told) == 2 * len(set(told))


def test_without_an_address_nothing_is_traced_and_nothing_is_loaded() -> None:
    code = (
        "import sys, shared.process, shared.telemetry.tracing as t\n"
        "with t.traced('nlu', '', 1.0):\n"
        "    assert not t.is_on(); t.hop('a', 'b', 1, {})\n"
        "assert not any(name.startswith('opentelemetry') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("url", ["collector:4318", "http://user:password@collector:4318", "http://collector/?key=1"])
def test_an_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PARLEY_TRACES_URL", url)
    with pytest.raises(SettingsError, match="PARLEY_TRACES_URL"):
        read_settings(PlatformSettings)
