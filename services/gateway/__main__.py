"""``python -m services.gateway``: one gateway process."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from services.gateway.app import make_admin_key
from services.gateway.http.server import serving
from services.gateway.settings import GatewaySettings
from shared.errors import ParleyError
from shared.process import serve
from shared.settings import read_settings
from shared.telemetry.health import Health


@contextmanager
def _running(settings: GatewaySettings) -> Iterator[Health]:
    """Its own HTTP tells how it is: there is nothing to check beside."""
    with serving(settings):
        yield Health({}, vital={})


def _main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m services.gateway", description="One gateway process; its settings are read from PARLEY_*."
    )
    parser.add_argument(
        "--new-admin-key",
        metavar="NAME",
        help="make another admin key of this name, show it and end: for an operator who has lost them all",
    )
    name = parser.parse_args().new_admin_key
    if name is None:
        serve("gateway", GatewaySettings, _running)
        return
    try:
        make_admin_key(read_settings(GatewaySettings), name)
    except ParleyError as error:
        sys.exit(f"no key was made: {error.message}")


if __name__ == "__main__":
    _main()
