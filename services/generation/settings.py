"""The settings of a generation process: read from ``PARLEY_*``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.settings import PlatformSettings


class GenerationSettings(PlatformSettings):
    """How a process takes its work; what it says is a matter of the bot file."""

    batch_size: Annotated[int, Field(ge=1, le=1024)] = 64
    """Messages taken from the queue at once."""
