"""The settings of a recommendation process: read from ``PARLEY_*``."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field

from shared.settings import PlatformSettings


class RecommendationSettings(PlatformSettings):
    """How much is kept, and how wide new items are read."""

    inference_threads: Annotated[int, Field(ge=1, le=256)] = os.cpu_count() or 1
    """Texts of new items read side by side."""
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 64
    """Messages taken from the queue at once."""
    catalogs_in_memory: Annotated[int, Field(ge=1, le=1000)] = 16
    """Catalogs that are kept ready, the least recently asked one leaving first."""
