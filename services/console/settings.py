"""The settings of a console process: read from ``PARLEY_*``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from shared.settings import PlatformSettings


class ConsoleSettings(PlatformSettings):
    """Where the console listens, and which platform it shows."""

    console_host: str = "127.0.0.1"
    """Address to listen on."""
    console_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port to listen on; ``0``: ``parley up`` starts no console."""
    console_secret: SecretStr = SecretStr("")
    """Signs the cookies. Empty: one is made and kept in the home folder. Console processes behind one address need the same."""
    console_hours: Annotated[int, Field(ge=1, le=720)] = 12
    """Hours after which somebody has to sign in again."""
    url: str = "http://127.0.0.1:8000"
    """The platform's API, as seen from the console."""
