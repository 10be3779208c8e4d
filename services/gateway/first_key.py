"""The first start: a platform without a key would let nobody in, so it gets an admin key."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import SecretStr

from services.gateway.keyring import new_secret
from shared.errors import AlreadyExists
from shared.storage import keys
from shared.storage.engine import Database
from shared.telemetry import logs

log = logs.get(__name__)


def ensure_key(database: Database, given: SecretStr | None, announce: Callable[[str], None], now: float) -> None:
    """Make the first admin key if there is no key at all.

    Args:
        database: Where keys are kept.
        given: ``PARLEY_API_KEY``; it becomes the key. Without it one is made, and announced this once.
        announce: Shows a line to the person who started the platform; the log is no place for a secret.
        now: Unix seconds.
    """
    secret = given.get_secret_value() if given is not None and given.get_secret_value() else None
    with database.reading() as session:
        existing = keys.all(session)
    if existing:
        if secret and all(row.hash != keys.hash_key(secret) for row in existing):
            log.warning(
                "PARLEY_API_KEY is not among the keys: it only counts on the first start; make keys with an admin key"
            )
        return
    key = secret or new_secret()
    try:
        with database.transaction() as session:
            keys.add_first(session, key, now)
    except AlreadyExists:
        log.info("another gateway process made the first key")
        return
    if secret is None:
        announce(f"First start: your admin API key is {key}\nIt is not shown again.")
