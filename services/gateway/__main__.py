"""``python -m services.gateway``: one gateway process."""

from __future__ import annotations

from services.gateway.server import serving
from services.gateway.settings import GatewaySettings
from shared.process import serve

if __name__ == "__main__":
    serve("gateway", GatewaySettings, serving)
