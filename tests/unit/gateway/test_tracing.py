"""What somebody else in the process collects is not fed by the gateway."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from opentelemetry import trace


class _Collecting(trace.TracerProvider):
    """A provider as another library of the process might set one."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_tracer(self, instrumenting_module_name: str, *_: Any, **__: Any) -> trace.Tracer:
        self.asked.append(instrumenting_module_name)
        return trace.NoOpTracer()


def test_no_request_is_traced_even_if_a_tracer_provider_is_set(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = _Collecting()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    assert trace.get_tracer_provider() is provider
    assert http.get("/v1/files", params={"limit": 1}).status_code == 200
    assert provider.asked == []
