"""The settings of an nlu process: read from ``PARLEY_*``."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field

from shared.inference.session import Device
from shared.settings import PlatformSettings


class NluSettings(PlatformSettings):
    """Where and how wide models run."""

    inference_device: Device = "cpu"
    """``cuda`` demands a GPU: without one the process refuses to start, it never falls back to the CPU."""
    inference_threads: Annotated[int, Field(ge=1, le=256)] = os.cpu_count() or 1
    """Texts read side by side; one per core is best."""
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 64
    """Messages taken from the queue at once."""
    named_models: Annotated[int, Field(ge=1, le=64)] = 4
    """Models besides the one that reads chats that are kept in memory, the least recently asked one leaving first."""
