"""What people think of answers, and the rows that come of it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.unit.gateway.platform import Platform
from tests.unit.gateway.test_conversations import begin, say


def turn(http: httpx.Client, text: str, conversation_id: str | None = None) -> str:
    return str(say(http, conversation_id or begin(http), text).raise_for_status().json()["turn_id"])


def give(http: httpx.Client, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer: dict[str, Any] = http.post("/v1/feedback", json=body, headers=headers).raise_for_status().json()
    return answer


def rows(http: httpx.Client, **body: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    made = http.post("/v1/feedback/rows", json=body).raise_for_status().json()
    content = http.get(f"/v1/files/{made['file_id']}/content").raise_for_status().text
    return made, [json.loads(line) for line in content.splitlines()]


@pytest.mark.parametrize(("rating", "kept"), [("up", 5), ("down", 1), (3, 3)])
def test_a_rating_is_kept_with_its_turn(http: httpx.Client, rating: object, kept: int) -> None:
    turn_id = turn(http, "hello")
    given = give(http, {"turn_id": turn_id, "rating": rating, "comment": "hm"})
    assert (given["rating"], given["source"], given["comment"]) == (kept, "customer", "hm")
    assert http.get("/v1/feedback", params={"turn_id": turn_id}).json()["data"] == [given]


def test_feedback_with_the_same_idempotency_key_is_given_once(http: httpx.Client) -> None:
    body = {"turn_id": turn(http, "hello"), "rating": "up"}
    first, second = (give(http, body, **{"Idempotency-Key": "f-1"}) for _ in range(2))
    assert first == second


def test_a_key_gives_feedback_on_its_own_conversations_and_lists_its_own(
    platform: Platform, http: httpx.Client
) -> None:
    foreign = turn(http, "hello")
    give(http, {"turn_id": foreign, "rating": "down"})
    with platform.http(platform.key("chat")) as shop:
        assert shop.post("/v1/feedback", json={"turn_id": foreign, "rating": "up"}).status_code == 404
        mine = give(shop, {"turn_id": turn(shop, "hello"), "rating": "up"})
        assert shop.get("/v1/feedback").json()["data"] == [mine]
        assert shop.post("/v1/feedback/rows").status_code == 403


def test_a_response_is_spoken_of_by_its_id(platform: Platform, http: httpx.Client) -> None:
    with platform.client() as client:
        response = client.responses.create(model="parley", input="hello")
    assert give(http, {"response_id": response.id, "rating": 4})["turn_id"].startswith("turn_")
    assert http.post("/v1/feedback", json={"response_id": "resp_unknown", "rating": 4}).status_code == 404


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"rating": "up"}, None),
        ({"turn_id": "T", "response_id": "resp_x", "rating": "up"}, None),
        ({"turn_id": "T"}, None),
        ({"turn_id": "T", "rating": 6}, "rating"),
        ({"turn_id": "T", "correct": {}}, "correct"),
        ({"turn_id": "T", "correct": {"entities": [{"start": 3, "end": 99, "label": "x"}]}}, "correct.entities[0]"),
        ({"turn_id": "T", "correct": {"sentiment": "angry"}}, "correct.sentiment"),
    ],
)
def test_what_says_nothing_or_points_nowhere_is_refused(
    http: httpx.Client, body: dict[str, Any], param: str | None
) -> None:
    said = body | ({"turn_id": turn(http, "hello")} if "turn_id" in body else {})
    refused = http.post("/v1/feedback", json=said)
    assert refused.status_code == 400
    if param is not None:
        assert refused.json()["error"]["param"].startswith(param)


def test_corrections_become_rows_in_which_the_reviewer_has_the_last_word(
    platform: Platform, http: httpx.Client
) -> None:
    started = http.post("/v1/conversations", json={}).json()["created_at"]
    conversation_id = begin(http)
    turn(http, "my card is 4111 1111 1111 1111", conversation_id)
    second = turn(http, "call me at 4111 1111 1111 1111 today", conversation_id)
    give(http, {"turn_id": second, "correct": {"intent": "call_back"}, "source": "reviewer", "author": "Ada"})
    give(http, {"turn_id": second, "correct": {"intent": "complaint", "sentiment": "negative"}, "source": "customer"})
    give(http, {"turn_id": second, "correct": {"sentiment": "neutral"}, "source": "customer"})
    made, found = rows(http, since=started)
    (row,) = [row for row in found if row.get("intent") == "call_back"]
    assert row["sentiment"] == "neutral"
    assert made["disagreements"] >= 1
    assert row["text"].startswith("call me at ")
    assert "4111" not in row["text"] + row["context"][0]
    assert row["text"][11:30] == row["context"][0][11:30]
    file = http.get(f"/v1/files/{made['file_id']}").json()
    assert (file["status"], file["purpose"], file["parley"]["task"]) == ("processed", "fine-tune", "nlu")
    assert all(row.get("intent") != "call_back" for row in rows(http, since=started, sources=["customer"])[1])


def test_no_corrections_make_no_file(http: httpx.Client) -> None:
    refused = http.post("/v1/feedback/rows", json={"since": 4_000_000_000})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "no_corrections")


def test_feedback_goes_with_its_conversation(platform: Platform, http: httpx.Client) -> None:
    conversation_id = begin(http)
    turn_id = turn(http, "hello", conversation_id)
    give(http, {"turn_id": turn_id, "rating": "up", "comment": "fine"})
    http.delete(f"/v1/conversations/{conversation_id}").raise_for_status()
    assert http.get("/v1/feedback", params={"turn_id": turn_id}).json()["data"] == []
