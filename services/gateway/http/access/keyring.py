"""API keys: looked up by their hash, remembered for a moment, ordered by what they may do."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from shared.storage import keys
from shared.storage.database.engine import Database
from shared.storage.tables.core import ApiKey, Role

CallerRole = Role | Literal["visitor"]

#: Each role may do what the ones before it may. A visitor has a token in place of a key.
ROLES: tuple[CallerRole, ...] = ("visitor", "chat", "train", "admin")

#: Seconds after which a key that was revoked by another gateway process is refused here as well.
MEMORY_SECONDS = 2.0

#: Seconds for which a key is still known after that, while the first who needed it looks it up again for all.
GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Attributes:
        key_id: Owns the conversations it begins, and is the actor of its changes.
        role: What it may do.
        requests_per_minute: Its own rate, or ``None`` for the platform's.
        conversation_id: The only one that a visitor may enter; ``None`` for keys.
        expires_at: Until when, in Unix seconds; ``None`` for keys.
    """

    key_id: str
    role: CallerRole
    requests_per_minute: int | None
    conversation_id: str | None = None
    expires_at: float | None = None

    @property
    def bucket(self) -> str:
        """Whose rate it is: the key's, or the visitor's own."""
        return self.key_id if self.conversation_id is None else f"{self.key_id}/{self.conversation_id}"

    def may(self, role: CallerRole) -> bool:
        """Whether the caller's role includes ``role``."""
        return ROLES.index(self.role) >= ROLES.index(role)


def new_secret() -> str:
    """A fresh API key: 256 random bits."""
    return f"parley-{secrets.token_urlsafe(32)}"


class KeyRing:
    """Finds callers by their keys.

    Args:
        database: Where the hashes are.
        clock: Seconds of a monotonic clock.
    """

    #: Known keys remembered at once. Unknown ones are not, so guessing fills no memory.
    CAPACITY = 10_000

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, tuple[Caller, float]] = {}
        self._lock = Lock()

    def remembered(self, key_hash: str) -> Caller | None:
        """The caller, if the key was looked up within the last seconds; never waits.

        Once the time is over one caller gets ``None`` and has to look up; the others go on with what is known.
        """
        known = self._known.get(key_hash)
        if known is None:
            return None
        caller, until = known
        now = self._clock()
        if now < until:
            return caller
        if now < until + GRACE_SECONDS:
            self._known[key_hash] = (caller, until + GRACE_SECONDS)
        return None

    def look_up(self, key_hash: str) -> Caller | None:
        """The caller with this key, from the database."""
        with self._database.reading() as session:
            row = keys.find(session, key_hash)
        if row is None or not secrets.compare_digest(row.hash, key_hash):
            return None
        caller = _caller(row)
        with self._lock:
            if len(self._known) >= self.CAPACITY:
                self._known.clear()
            self._known[key_hash] = (caller, self._clock() + MEMORY_SECONDS)
        return caller

    def by_id(self, key_id: str) -> Caller | None:
        """The caller that works go on for after their request has ended; ``None`` if the key is revoked."""
        with self._database.reading() as session:
            row = keys.get(session, key_id)
        return None if row.revoked_at is not None else _caller(row)

    def forget(self) -> None:
        """Look every key up again; called when one was revoked."""
        with self._lock:
            self._known.clear()


def _caller(row: ApiKey) -> Caller:
    return Caller(row.id, row.role, row.requests_per_minute)
