"""``python -m services.gateway``."""

from __future__ import annotations

import sys

from services.gateway import server
from services.gateway.settings import GatewaySettings
from shared.errors import ParleyError
from shared.settings import read_settings
from shared.telemetry import logs


def main() -> int:
    """Serve until SIGINT or SIGTERM; 0 when that was asked for, 1 when it could not start."""
    try:
        settings = read_settings(GatewaySettings)
        logs.configure("gateway", settings.log_level, settings.log_format)
        server.run(settings)
    except ParleyError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
