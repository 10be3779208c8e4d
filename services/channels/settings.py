"""The settings of a channels process: read from ``PARLEY_*``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.settings import PlatformSettings


class ChannelsSettings(PlatformSettings):
    """How many messages are worked at, and how long an answer may take."""

    channel_workers: Annotated[int, Field(ge=1, le=64)] = 4
    """Messages of customers that a process has answered at once, and as many answers that it brings to their channels."""
    channel_answer_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    """How long the answer to a message may take; then it is asked for again."""
    channel_hold_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Seconds beyond that after which another process goes on with the message of one that died."""
    channel_fetch_seconds: Annotated[float, Field(ge=1, le=3600)] = 30.0
    """Seconds between two looks into a mailbox."""
