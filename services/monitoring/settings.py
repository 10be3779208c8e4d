"""The settings of a monitoring process: read from ``PARLEY_*``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.settings import Login, PlatformSettings


class MonitoringSettings(PlatformSettings):
    """When an alert fires, and how long single observations are kept."""

    alert_window_seconds: Annotated[int, Field(ge=60, le=86_400)] = 300
    """How far back an alert looks."""
    alert_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of negative texts in the window from which an alert fires."""
    alert_min_volume: Annotated[int, Field(ge=1)] = 20
    """Texts in the window without which no alert fires: one angry customer at night is no surge."""
    observations_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days for which single observations are kept; the counts by minute stay."""
    document_consumers: Annotated[int, Field(ge=1, le=16)] = 2
    """Threads that read and count documents: one writes while nlu reads for another."""
    documents_batch: Annotated[int, Field(ge=1, le=64)] = 8
    """Messages with documents, of up to 32 each, that are read and counted together at most."""
    reading_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    """How long nlu may take for 32 texts; then they are asked for again."""
    source_folder: Path | None = None
    """Folder below which sources may watch folders; without it none may."""
    source_logins: dict[str, Login] = Field(default_factory=dict)
    """Logins to mailboxes and queues, by the names that sources have for them."""
    source_threads: Annotated[int, Field(ge=1, le=32)] = 3
    """Sources that are fetched at once: a slow server holds up none but its own thread."""
