"""Where the model of the chat benchmarks lies; ``chat_training`` makes it. Servers import this without torch."""

from __future__ import annotations

from pathlib import Path

MODEL_ID = "ft:minilm:parley:load:chat"
FOLDER = Path("build/load/chat-model")
