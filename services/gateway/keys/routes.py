"""``/v1/keys``: who may do what."""

from __future__ import annotations

from services.gateway.http.access.auth import AdminCaller, ChatCaller
from services.gateway.http.access.keyring import new_secret
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import resource
from services.gateway.keys.schemas import CreateKey, KeyObject, NewKey
from services.gateway.state import State
from shared.errors import InvalidInput
from shared.storage import keys
from shared.storage.tables.core import ApiKey

router = resource("Keys")


@router.post("/keys")
def create(body: CreateKey, state: State, _caller: AdminCaller) -> NewKey:
    """Make a key. Its secret is shown this once; only a hash of it is kept."""
    secret = new_secret()
    with state.database.transaction() as session:
        row = keys.add(
            session, body.name, body.role, secret, now=state.clock(), requests_per_minute=body.requests_per_minute
        )
    return NewKey(**_key(row).model_dump(), key=secret)


@router.get("/keys")
def list_keys(state: State, _caller: AdminCaller) -> Listing[KeyObject]:
    """Every key without its secret, revoked ones included, oldest first."""
    with state.database.reading() as session:
        return Listing[KeyObject].of([_key(row) for row in keys.all(session)])


@router.get("/keys/own")
def own(state: State, caller: ChatCaller) -> KeyObject:
    """The key that asks: what it is called, and what it may do."""
    with state.database.reading() as session:
        return _key(keys.get(session, caller.key_id))


@router.delete("/keys/{key_id}")
def delete(key_id: str, state: State, _caller: AdminCaller) -> Deleted:
    """Make a key worthless: here at once, in other gateway processes within two seconds. The last admin key stays."""
    with state.database.transaction() as session:
        row = keys.revoke(session, key_id, state.clock())
        if not any(other.role == "admin" and other.revoked_at is None for other in keys.all(session)):
            raise InvalidInput(
                "This is the last admin key; make another one first.", param="key_id", code="last_admin_key"
            )
    state.keys.forget()
    return Deleted(id=row.id, object="api_key")


def _key(row: ApiKey) -> KeyObject:
    return KeyObject(
        id=row.id,
        name=row.name,
        role=row.role,
        hint=row.hint,
        created_at=int(row.created_at),
        revoked_at=int(row.revoked_at) if row.revoked_at is not None else None,
        requests_per_minute=row.requests_per_minute,
    )
