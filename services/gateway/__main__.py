"""``python -m services.gateway``: one gateway process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from shared.process import serve
from shared.telemetry.health import Health


@contextmanager
def _running(settings: GatewaySettings) -> Iterator[Health]:
    """Its own HTTP tells how it is: there is nothing to check beside."""
    with serving(settings):
        yield Health({}, vital={})


if __name__ == "__main__":
    serve("gateway", GatewaySettings, _running)
