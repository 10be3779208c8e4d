"""Explanations over HTTP: the turn goes to nlu as it came, and what comes back is told beside what was stored."""

from __future__ import annotations

import httpx

from tests.unit.gateway.platform import Platform
from tests.unit.gateway.test_conversations import begin, say


def explained(http: httpx.Client, conversation_id: str, turn_id: str) -> httpx.Response:
    return http.get(f"/v1/conversations/{conversation_id}/turns/{turn_id}/explanation")


def test_a_turn_is_explained_with_what_came_before_it_and_nothing_after(http: httpx.Client) -> None:
    conversation_id = begin(http)
    turns = [say(http, conversation_id, text).json()["turn_id"] for text in ("greet you", "order it", "bye now")]
    told = explained(http, conversation_id, turns[1]).raise_for_status().json()
    assert told["decided"] == {"rule": "intent", "reason": "1 before", "score": 0.9, "threshold": 0.4}
    assert (told["intent"]["name"], told["words"][0]["text"]) == ("order", "order")
    assert told["nearest"][0]["labelled_by"] == "Ada"
    assert told["repeatable"], "the state before the turn is that which the turn before it left"


def test_a_turn_in_the_hands_of_a_person_is_decided_as_one(http: httpx.Client) -> None:
    conversation_id = begin(http)
    say(http, conversation_id, "hello there")
    http.post(f"/v1/conversations/{conversation_id}/take_over").raise_for_status()
    silent = say(http, conversation_id, "are you there").json()["turn_id"]
    http.post(f"/v1/conversations/{conversation_id}/release").raise_for_status()
    back = say(http, conversation_id, "hello again").json()["turn_id"]
    assert [explained(http, conversation_id, turn).json()["repeatable"] for turn in (silent, back)] == [True, True]


def test_nobody_explains_what_is_not_there_or_not_theirs(http: httpx.Client, platform: Platform) -> None:
    one, other = begin(http), begin(http)
    turn_id = say(http, one, "hello").json()["turn_id"]
    assert explained(http, other, turn_id).status_code == 404
    assert explained(http, one, "turn_of_nobody").json()["error"]["param"] == "turn_id"
    with platform.http(platform.key("chat")) as stranger:
        assert explained(stranger, one, turn_id).status_code == 404
