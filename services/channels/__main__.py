"""``python -m services.channels``: one process of channels."""

from __future__ import annotations

from services.channels.app import running
from services.channels.settings import ChannelsSettings
from shared.process import serve

if __name__ == "__main__":
    serve("channels", ChannelsSettings, running)
