"""API keys. The key itself is shown once, at its making; here only its hash arrives in a table."""

from __future__ import annotations

import hashlib

from sqlalchemy import update
from sqlmodel import Session, col, select

from shared.errors import NotFound
from shared.storage.database.identity import new_id
from shared.storage.tables.core import ApiKey, Role

#: Two processes that start at once on an empty database cannot both store a key under it.
_FIRST_ID = "key_first"


def hash_key(key: str) -> str:
    """SHA-256 in hex. Keys are long and random, so a slow hash would protect nothing."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def add(
    session: Session, name: str, role: Role, key: str, *, now: float, requests_per_minute: int | None = None
) -> ApiKey:
    """Store a key.

    Raises:
        AlreadyExists: This very key is stored already (when the transaction ends).
    """
    return _store(
        session,
        ApiKey(
            id=new_id("key_"),
            name=name,
            role=role,
            hash=hash_key(key),
            hint=key[-4:],
            created_at=now,
            requests_per_minute=requests_per_minute,
        ),
    )


def add_first(session: Session, key: str, now: float) -> ApiKey:
    """Store the admin key that a platform begins with.

    Raises:
        AlreadyExists: There was a first key already (when the transaction ends).
    """
    row = ApiKey(id=_FIRST_ID, name="first key", role="admin", hash=hash_key(key), hint=key[-4:], created_at=now)
    return _store(session, row)


def _store(session: Session, row: ApiKey) -> ApiKey:
    session.add(row)
    session.flush()
    return row


def find(session: Session, key_hash: str) -> ApiKey | None:
    """The key with this hash, unless it is revoked."""
    return session.exec(
        select(ApiKey).where(col(ApiKey.hash) == key_hash, col(ApiKey.revoked_at).is_(None))
    ).one_or_none()


def get(session: Session, key_id: str) -> ApiKey:
    """The key of this id, revoked or not.

    Raises:
        NotFound: There is none.
    """
    row = session.get(ApiKey, key_id)
    if row is None:
        raise NotFound(f"No API key {key_id!r}.", param="key_id")
    return row


def all(session: Session) -> list[ApiKey]:  # noqa: A001  # read as keys.all
    """Every key, revoked ones included, oldest first."""
    return list(session.exec(select(ApiKey).order_by(col(ApiKey.created_at), col(ApiKey.id))))


def revoke(session: Session, key_id: str, now: float) -> ApiKey:
    """Make a key worthless; a second time changes nothing.

    Raises:
        NotFound: There is no such key.
    """
    session.exec(
        update(ApiKey).where(col(ApiKey.id) == key_id, col(ApiKey.revoked_at).is_(None)).values(revoked_at=now)
    )
    return get(session, key_id)
