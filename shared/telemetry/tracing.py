"""Traces of OpenTelemetry over the hops of a turn and of a job: off unless the operator names where they go.

No message carries anything for it. A trace's id is its correlation id (or a hash of one that a client chose), and so is the id of
its first span, so that every process can tell both by itself, and processes of any release hang their spans below the first. Names
and figures travel; texts, addresses and query strings never do. The provider is ours alone: no library finds it, and traces by itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from threading import local
from typing import Any

from shared.errors import SettingsError

_SAME = re.compile(r"[0-9a-f]{32}")
#: Milliseconds that the last spans may take at the end of a process.
_FAREWELL = 3_000

Attributes = Mapping[str, str | int]

_exporting: _Exporting | None = None


def is_on() -> bool:
    """Whether anybody wants to know: what is only needed for traces need not be computed otherwise."""
    return _exporting is not None


def trace_id(correlation_id: str) -> str:
    """The id under which a trace is found: 32 hexadecimal digits."""
    if _SAME.fullmatch(correlation_id) and int(correlation_id, 16):
        return correlation_id
    return blake2b(correlation_id.encode(), digest_size=16).hexdigest()


def first(name: str, correlation_id: str, began: int, attributes: Attributes, *, failed: bool = False) -> None:
    """Note the first span of a trace, which began then (nanoseconds of the Unix clock) and ends now."""
    if _exporting is not None:
        _exporting.note(name, correlation_id, began, attributes, is_first=True, failed=failed)


def hop(name: str, correlation_id: str, began: int, attributes: Attributes, *, failed: bool = False) -> None:
    """Note a span below the first."""
    if _exporting is not None:
        _exporting.note(name, correlation_id, began, attributes, is_first=False, failed=failed)


@contextmanager
def hopping(name: str, correlation_id: str, attributes: Attributes) -> Iterator[None]:
    """Note a span below the first, as long as the context."""
    began, failed = time.time_ns(), True
    try:
        yield
        failed = False
    finally:
        hop(name, correlation_id, began, attributes, failed=failed)


@contextmanager
def traced(service: str, url: str, share: float) -> Iterator[None]:
    """Send the spans of this process while the context is open.

    Args:
        service: Whose they are.
        url: Of a collector, OTLP over HTTP: ``http://collector:4318/v1/traces``. Empty: nothing is sent.
        share: Of traces, 0..1; all processes choose the same ones.

    Raises:
        SettingsError: The extra ``traces`` is not installed.
    """
    global _exporting  # one of a process, as its logs and metrics are
    if not url or _exporting is not None:
        yield
        return
    _exporting = _Exporting(service, url, share)
    try:
        yield
    finally:
        ended, _exporting = _exporting, None
        ended.close()


class _Exporting:
    """OpenTelemetry's SDK, with ids of our own."""

    def __init__(self, service: str, url: str, share: float, exporter: Any = None) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.context import Context
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

            if exporter is None:
                from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

                exporter = OTLPSpanExporter(endpoint=url)
        except ImportError as error:
            raise SettingsError(
                f"PARLEY_TRACES_URL is set, and {error.name} is not installed: pip install 'parley[traces]'"
            ) from error
        self._api, self._nothing = trace, Context()
        self._ids = _ids()
        # Without the environment's own attributes: they may name people and machines.
        resource = Resource({"service.name": f"parley-{service}"})
        self._provider = TracerProvider(
            sampler=TraceIdRatioBased(share), resource=resource, id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("parley")

    def note(
        self, name: str, correlation_id: str, began: int, attributes: Attributes, *, is_first: bool, failed: bool
    ) -> None:
        trace, span = int(trace_id(correlation_id), 16), _first_span(correlation_id)
        told = {**attributes, "parley.correlation_id": correlation_id}
        kind = self._api.SpanKind.SERVER if is_first else self._api.SpanKind.CONSUMER
        above = self._nothing
        if is_first:
            self._ids.choose((trace, span))
        else:
            flags = self._api.TraceFlags(self._api.TraceFlags.SAMPLED)
            parent = self._api.SpanContext(trace, span, is_remote=True, trace_flags=flags)
            above = self._api.set_span_in_context(self._api.NonRecordingSpan(parent))
        noted = self._tracer.start_span(name, above, kind, told, start_time=began)
        self._ids.choose(None)
        if failed:
            noted.set_status(self._api.StatusCode.ERROR)
        noted.end()

    def close(self) -> None:
        """Send what is left, within a moment."""
        self._provider.force_flush(_FAREWELL)
        self._provider.shutdown()


def _first_span(correlation_id: str) -> int:
    """Of a trace: told by its id alone, and never 0."""
    return int.from_bytes(blake2b(correlation_id.encode(), digest_size=8, person=b"first span").digest()) | 1


def _ids() -> Any:
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        """Random ones, but for the first span of a trace."""

        def __init__(self) -> None:
            self._own = local()

        def choose(self, ids: tuple[int, int] | None) -> None:
            """Trace and span that the next span of this thread gets."""
            self._own.ids = ids

        def generate_trace_id(self) -> int:
            chosen = getattr(self._own, "ids", None)
            return int(chosen[0]) if chosen else super().generate_trace_id()

        def generate_span_id(self) -> int:
            chosen = getattr(self._own, "ids", None)
            return int(chosen[1]) if chosen else super().generate_span_id()

    return Ids()
