"""Who did what: every act is noted before it is done, and nothing of it can be changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy.exc import DatabaseError
from sqlmodel import col, delete, update

from services.gateway.api import ROUTERS
from services.gateway.http.acts import ACTS
from shared.storage import audit
from shared.storage.database.engine import Database
from shared.storage.tables.audit import AuditEntry
from tests.unit.gateway.platform import Platform


def routes() -> Iterator[tuple[str, str]]:
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute):
                yield from ((method, route.path) for method in route.methods or ())


def test_every_act_is_a_request_that_there_is() -> None:
    assert ACTS.keys() - set(routes()) == set()


def test_whatever_is_deleted_is_an_act() -> None:
    """But for what belongs to its caller alone: responses, stored chats, items, batches and uploads of their own."""
    own = (
        "/v1/responses/",
        "/v1/chat/completions/",
        "/v1/conversations/{conversation_id}/items/",
        "/v1/vector_stores/",
    )
    deleted = {pair for pair in routes() if pair[0] == "DELETE" and not pair[1].startswith(own)}
    assert {path for _, path in deleted - ACTS.keys()} <= {"/v1/catalogs/{catalog}/items/{item_id:path}"}


def entries(http: httpx.Client, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get("/v1/audit", params=filters).raise_for_status().json()["data"]
    return found


def test_what_was_done_is_known_with_key_thing_and_request(platform: Platform, http: httpx.Client) -> None:
    model = platform.add_model()
    done = http.post(f"/v1/models/{model}/promote", headers={"x-request-id": "audit-1"})
    done.raise_for_status()
    [entry] = entries(http, thing_id=model)
    assert (entry["action"], entry["thing"], entry["request"]) == (
        "promoted",
        "model",
        "POST /v1/models/{model_id:path}/promote",
    )
    assert entry["request_id"] == "audit-1"
    own = http.get("/v1/keys/own").json()["id"]
    assert entry["actor"] == own
    assert entries(http, thing_id=model, action="deleted") == []
    assert entries(http, thing_id=model, until=entry["at"]) == []
    assert len(entries(http, thing_id=model, since=entry["at"])) == 1


def test_an_act_that_fails_is_noted_as_failed(http: httpx.Client) -> None:
    assert http.post("/v1/models/ft:nobody/promote").status_code == 404
    failed, begun = entries(http, thing_id="ft:nobody")
    assert (failed["action"], failed["detail"]) == (
        "failed",
        {"of": begun["id"], "action": "promoted", "status": 404},
    )


def test_reading_counts_for_those_who_may_see_all_customers(platform: Platform, http: httpx.Client) -> None:
    with platform.http(platform.key("chat")) as chat:
        conversation = chat.post("/v1/conversations", json={}).json()["id"]
        chat.get(f"/v1/conversations/{conversation}/messages").raise_for_status()
        assert chat.get("/v1/audit").status_code == 403
    assert entries(http, thing_id=conversation) == []
    http.get(f"/v1/conversations/{conversation}/messages").raise_for_status()
    assert [entry["action"] for entry in entries(http, thing_id=conversation)] == ["read"]


def test_the_database_refuses_to_change_an_entry_or_to_forget_a_young_one(
    platform: Platform, http: httpx.Client
) -> None:
    http.post("/v1/models/ft:kept/promote")
    mine = col(AuditEntry.object_id) == "ft:kept"
    for statement in (update(AuditEntry).where(mine).values(actor="somebody else"), delete(AuditEntry).where(mine)):
        with pytest.raises(DatabaseError, match="never changed"), platform.database.transaction() as session:
            session.exec(statement)
    assert len(entries(http, thing_id="ft:kept")) == 2


def test_old_entries_are_forgotten(platform: Platform) -> None:
    def entry(number: int, at: float) -> AuditEntry:
        return AuditEntry(
            id=f"audit_old{number}", at=at, actor="k", action="read", object="model", request="GET /x", request_id="r"
        )

    _add(platform.database, entry(1, 1_000.0), entry(2, 2_000.0))
    with platform.database.transaction() as session:
        assert audit.expire(session, 1_500.0) == 1
        assert session.get(AuditEntry, "audit_old2") is not None


def _add(database: Database, *rows: AuditEntry) -> None:
    with database.transaction() as session:
        for row in rows:
            audit.add(session, row)
