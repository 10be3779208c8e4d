"""Who has signed in: the API key in a signed cookie that no script of a page can read."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from itsdangerous import BadSignature, URLSafeTimedSerializer
from pydantic import SecretStr, TypeAdapter, ValidationError

from shared.errors import SettingsError

Role = Literal["chat", "train", "admin"]
ROLES: tuple[Role, ...] = ("chat", "train", "admin")
"""Each may do what the ones before it may."""

COOKIE = "parley_console"
_KEPT_IN = "console-secret"
_SALT = "parley.console.session.1"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in.

    Attributes:
        key: Their API key; shown nowhere.
        role: What the key may.
        name: Of the key, for people.
    """

    key: str
    role: Role
    name: str

    def may(self, role: Role) -> bool:
        """Whether the key may do what ``role`` may."""
        return ROLES.index(self.role) >= ROLES.index(role)


_SESSION = TypeAdapter(Session)


class Sessions:
    """Reads and writes the cookie. Whoever holds it holds the key, so nothing about it is worth fixing in advance.

    Args:
        secret: Signs; whoever has it could make cookies, but still would need a key to put into one.
        seconds: How long a cookie counts.
    """

    def __init__(self, secret: str, seconds: float) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt=_SALT)
        self.seconds = int(seconds)

    def write(self, session: Session) -> str:
        """The value of the cookie."""
        value = self._serializer.dumps({"key": session.key, "role": session.role, "name": session.name})
        return value if isinstance(value, str) else value.decode()

    def read(self, cookies: Mapping[str, str]) -> Session | None:
        """Who it is, or ``None``: no cookie, too old, or not ours."""
        try:
            return _SESSION.validate_python(self._serializer.loads(cookies.get(COOKIE, ""), max_age=self.seconds))
        except (BadSignature, ValidationError):
            return None


def signing_secret(given: SecretStr, home: Path) -> str:
    """The secret of the settings, else that of the home folder, which is made if it is missing.

    Raises:
        SettingsError: The folder cannot be written.
    """
    if given.get_secret_value():
        return given.get_secret_value()
    path = home / _KEPT_IN
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        return path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be used ({error.strerror}); set PARLEY_CONSOLE_SECRET", param="home"
        ) from None


def _make(path: Path) -> None:
    """A secret that appears whole or not at all, readable by its owner alone; the first process to make one wins."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(32))
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()
