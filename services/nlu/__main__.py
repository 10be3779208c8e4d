"""``python -m services.nlu``: one process of nlu."""

from __future__ import annotations

from services.nlu.app import running
from services.nlu.settings import NluSettings
from shared.process import serve

if __name__ == "__main__":
    serve("nlu", NluSettings, running)
