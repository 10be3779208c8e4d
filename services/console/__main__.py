"""``python -m services.console``: one process of the console."""

from __future__ import annotations

from services.console.app import running
from services.console.settings import ConsoleSettings
from shared.process import serve

if __name__ == "__main__":
    serve("console", ConsoleSettings, running)
