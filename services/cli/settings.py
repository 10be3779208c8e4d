"""Where the command finds the platform, and the key it shows."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic.dataclasses import dataclass as checked

from shared.errors import SettingsError
from shared.settings import PlatformSettings

DEFAULT_URL = "http://127.0.0.1:8000"
CREDENTIALS = "credentials.json"


class CliSettings(PlatformSettings):
    """``PARLEY_URL`` and ``PARLEY_API_KEY``; without them, what ``parley up`` left in the home folder."""

    url: str = ""
    api_key: SecretStr = SecretStr("")


@dataclass(frozen=True, slots=True)
class Access:
    """An address and a key for it; the key may be empty."""

    url: str
    api_key: str


@checked(frozen=True)
class _Stored:
    url: str
    api_key: str


def access(settings: CliSettings, *, url: str | None, api_key: str | None) -> Access:
    """Options win over the environment, the environment over the credentials file of the home folder."""
    stored = load(settings.home)
    return Access(
        url=(url or settings.url or stored.url or DEFAULT_URL).rstrip("/"),
        api_key=api_key or settings.api_key.get_secret_value() or stored.api_key,
    )


def load(home: Path) -> Access:
    """What ``parley up`` stored, or empty strings."""
    try:
        stored = _Stored(**json.loads((home / CREDENTIALS).read_text("utf-8")))
    except (OSError, ValueError, TypeError, ValidationError):
        return Access("", "")
    return Access(stored.url, stored.api_key)


def store(home: Path, credentials: Access) -> None:
    """Keep address and key for this user's later commands, readable by nobody else.

    Raises:
        SettingsError: The folder cannot be written.
    """
    path = home / CREDENTIALS
    fresh = path.with_suffix(".new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"url": credentials.url, "api_key": credentials.api_key}, file)
        fresh.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}", param="home") from None
