"""Customers: nothing is remembered without consent, and what is can be told, merged and deleted to the last word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI
from sqlalchemy import select

from services.gateway.customers.retention import forget_unseen
from shared.storage.chat import customers
from shared.storage.tables.every import METADATA
from tests.unit.gateway.platform import Platform, asked, running_platform
from tests.unit.gateway.test_conversations import begin, say

ADA = "ada@example.com"
MARK = "zanzibar"
"""In every word that was ever said by or of the customer who is deleted."""


def tell(http: httpx.Client, customer_id: str, **body: Any) -> httpx.Response:
    return http.post(f"/v1/customers/{customer_id}", json=body)


def chat(client: OpenAI, text: str, **how: Any) -> str:
    answer: Any = client.chat.completions.create(model="parley", messages=asked(text), **how)
    return str(answer.parley["conversation_id"])


def test_nothing_is_known_of_who_has_not_consented(http: httpx.Client) -> None:
    refused = tell(http, "c-1", name="Ada")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "no_consent")
    assert http.get("/v1/customers/c-1").status_code == 404, "what was refused left nothing"
    told = tell(http, "c-1", name="Ada", consent=True, attributes={"plan": "gold"}).raise_for_status().json()
    assert (told["name"], told["attributes"], told["consented_at"] > 0) == ("Ada", {"plan": "gold"}, True)
    told = tell(http, "c-1", attributes={"plan": None, "since": "2020"}).raise_for_status().json()
    assert (told["name"], told["attributes"]) == ("Ada", {"since": "2020"})
    told = tell(http, "c-1", consent=False).raise_for_status().json()
    assert (told["name"], told["attributes"], told["consented_at"]) == (None, {}, None)


@pytest.mark.parametrize(
    "body", [{"language": "English"}, {"attributes": {"No Name": "x"}}, {"name": ""}, {"age": 3}, {"slots": {"a": 1}}]
)
def test_what_is_no_fact_of_a_customer_is_refused_by_name(http: httpx.Client, body: dict[str, Any]) -> None:
    refused = tell(http, "c-2", consent=True, **body)
    assert refused.status_code == 400
    assert next(iter(body)) in refused.json()["error"]["param"]


@pytest.mark.parametrize(
    "how", [{"user": "c-3"}, {"extra_body": {"safety_identifier": "c-3"}}, {"metadata": {"customer": "c-3"}}]
)
def test_a_chat_names_its_customer(client: OpenAI, http: httpx.Client, how: dict[str, Any]) -> None:
    conversation_id = chat(client, f"hello from {next(iter(how))}", **how)
    assert http.get(f"/v1/conversations/{conversation_id}").json()["customer"] == "c-3"
    listed = http.get("/v1/customers/c-3/conversations").json()["data"]
    assert conversation_id in [one["id"] for one in listed]


def test_a_conversation_begins_with_what_is_remembered_of_its_customer(http: httpx.Client, platform: Platform) -> None:
    tell(http, "c-4", consent=True, name="Ada", slots={"order_number": "A-1"}).raise_for_status()
    known = begin(http, metadata={"customer": "c-4"})
    values = http.get(f"/v1/conversations/{known}").json()["standing"]["values"]
    assert values == {"order_number": "A-1"}
    with platform.http(platform.key("chat")) as stranger:
        unknown = begin(stranger, metadata={"customer": "c-4"})
        assert stranger.get(f"/v1/conversations/{unknown}").json()["standing"]["values"] == {}
        assert stranger.get("/v1/customers/c-4").status_code == 404
        assert tell(stranger, "c-4", name="Eve").status_code == 404
        assert stranger.delete("/v1/customers/c-4").status_code == 404
    tell(http, "c-4", consent=False).raise_for_status()
    later = begin(http, metadata={"customer": "c-4"})
    assert http.get(f"/v1/conversations/{later}").json()["standing"]["values"] == {}


def test_two_that_were_one_are_merged_and_the_other_id_means_the_same(http: httpx.Client) -> None:
    tell(http, "c-5", consent=True, name="Ada", slots={"city": "Rome"}).raise_for_status()
    tell(http, "c-6", consent=True, name="A.", segment="vip", slots={"city": "Oslo", "size": "M"}).raise_for_status()
    theirs = begin(http, metadata={"customer": "c-6"})
    merged = http.post("/v1/customers/c-5/merge", json={"customer": "c-6"}).raise_for_status().json()
    assert (merged["name"], merged["segment"], merged["slots"]) == ("Ada", "vip", {"city": "Rome", "size": "M"})
    assert http.get("/v1/customers/c-6").json()["id"] == "c-5"
    assert [one["id"] for one in http.get("/v1/customers/c-6/conversations").json()["data"]] == [theirs]
    later = begin(http, metadata={"customer": "c-6"})
    assert http.get(f"/v1/conversations/{later}").json()["customer"] == "c-5"
    again = http.post("/v1/customers/c-5/merge", json={"customer": "c-6"})
    assert (again.status_code, again.json()["error"]["param"]) == (400, "customer")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One whose every table is looked into."""
    with running_platform(tmp_path_factory.mktemp("customers")) as started:
        yield started


def everywhere(platform: Platform) -> list[str]:
    """The tables and files in which the mark stands."""
    with platform.database.reading() as session:
        rows = {
            table.name: [str(row) for row in session.connection().execute(select(table)).all()]
            for table in METADATA.sorted_tables
        }
    found = [name for name, texts in rows.items() if any(MARK in text for text in texts)]
    home = Path(platform.settings.home)
    files = [
        path for path in home.rglob("*") if path.is_file() and "sqlite" not in path.name and ".db" not in path.name
    ]
    return found + [path.name for path in files if MARK.encode() in path.read_bytes()]


def test_of_a_deleted_customer_no_word_is_left_in_any_store(alone: Platform) -> None:
    with alone.http() as http, alone.client() as client:
        tell(
            http, ADA, consent=True, name=f"Ada {MARK}", attributes={"pet": MARK}, slots={"city": MARK}
        ).raise_for_status()
        chat(client, f"hello {MARK}", user=ADA, store=True)
        conversation_id = begin(http, metadata={"customer": ADA, "note": MARK})
        turn_id = say(http, conversation_id, f"where is {MARK}").json()["turn_id"]
        client.responses.create(model="parley", input=f"and {MARK}?", extra_body={"safety_identifier": ADA})
        http.post(f"/v1/conversations/{conversation_id}/take_over").raise_for_status()
        http.post(
            f"/v1/conversations/{conversation_id}/replies", json={"content": MARK, "author": "Bob"}
        ).raise_for_status()
        http.post("/v1/feedback", json={"turn_id": turn_id, "comment": MARK}).raise_for_status()
        assert {
            "customers",
            "conversations",
            "turns",
            "conversation_items",
            "responses",
            "stored_completions",
            "feedback",
        } <= set(everywhere(alone))
        exported = http.get(f"/v1/customers/{ADA}/export").raise_for_status().json()
        assert (exported["customer"]["name"], len(exported["conversations"]), exported["has_more"]) == (
            f"Ada {MARK}",
            3,
            False,
        )
        words = [m["content"] for c in exported["conversations"] for m in c["messages"] if MARK in m["content"]]
        assert len(words) == 7, "three questions with their answers, and what the colleague said"
        assert http.delete(f"/v1/customers/{ADA}").raise_for_status().json()["conversations"] == 3
        assert everywhere(alone) == []
        assert http.get(f"/v1/customers/{ADA}/export").status_code == 404


def test_who_says_nothing_for_long_is_forgotten(alone: Platform) -> None:
    with alone.http() as http:
        tell(http, "old", consent=True, name="Old").raise_for_status()
        begin(http, metadata={"customer": "old"})
        seen = http.get("/v1/customers/old").json()["seen_at"]
        forget_unseen(alone.database, None, seen + 1e9)
        forget_unseen(alone.database, 30.0, seen + 29 * 86_400)
        assert http.get("/v1/customers/old").status_code == 200
        forget_unseen(alone.database, 30.0, seen + 31 * 86_400)
        assert http.get("/v1/customers/old/conversations").json()["data"] == []
        with alone.database.reading() as session:
            assert customers.find(session, "old") is None
