"""``python -m services.generation``: one generation process, until SIGINT or SIGTERM."""

from __future__ import annotations

from services.generation.app import running
from services.generation.settings import GenerationSettings
from shared.process import serve

if __name__ == "__main__":
    serve("generation", GenerationSettings, running)
