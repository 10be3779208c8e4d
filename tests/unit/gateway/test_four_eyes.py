"""Requests and corrections that need four eyes: one proposes, another agrees or says otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from shared.contracts.chat.turns import GuardHit
from tests.unit.gateway.platform import Platform, running_platform
from tests.unit.gateway.test_guards import guarded_turn
from tests.unit.gateway.test_labelling import label, queue, turn
from tests.unit.gateway.test_trials import BOT

REQUEST = GuardHit(
    guard="four_eyes", rule="move", side="message", blocked=True, withheld="Moved.", values={"cabin": "business"}
)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("four_eyes")) as started:
        yield started


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Iterator[httpx.Client]:
    with platform.http() as http:
        yield http


@pytest.fixture(scope="module")
def bob(platform: Platform) -> Iterator[httpx.Client]:
    with platform.http(platform.key("train")) as http:
        yield http


def request_of(platform: Platform, http: httpx.Client) -> tuple[str, str]:
    """A conversation with a request, and the path of its review."""
    conversation = guarded_turn(platform, http, [REQUEST])
    params = {"conversation_id": conversation, "guard": "four_eyes", "status": "open"}
    (review,) = http.get("/v1/guards/reviews", params=params).raise_for_status().json()["data"]
    assert (review["values"], review["votes"], review["verdict"]) == ({"cabin": "business"}, [], None)
    return conversation, f"/v1/guards/reviews/{review['id']}"


def said(http: httpx.Client, conversation: str) -> list[str]:
    listed = http.get(f"/v1/conversations/{conversation}/messages").raise_for_status().json()["data"]
    return [one["content"] for one in listed]


def vote(http: httpx.Client, path: str, verdict: str, author: str, **more: Any) -> httpx.Response:
    return http.post(path, json={"verdict": verdict, "author": author, **more})


def test_two_people_approve_and_only_then_it_takes_effect(
    platform: Platform, ada: httpx.Client, bob: httpx.Client
) -> None:
    conversation, path = request_of(platform, ada)
    proposed = vote(ada, path, "approved", "Ada", comment="paid").raise_for_status().json()
    assert (proposed["verdict"], proposed["votes"][0]["comment"]) == (None, "paid")
    assert "Moved." not in said(ada, conversation)
    again = vote(ada, path, "approved", "Somebody Else")
    assert (again.status_code, again.json()["error"]["code"]) == (403, "second_person_needed")
    assert vote(bob, path, "approved", "ada").status_code == 403, "the same name at another key"
    decided = vote(bob, path, "approved", "Bob").raise_for_status().json()
    assert (decided["verdict"], decided["author"]) == ("approved", "Bob")
    assert said(ada, conversation).count("Moved.") == 1
    late = vote(ada, path, "rejected", "Ada")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "already_decided")
    noted = ada.get("/v1/audit", params={"thing": "request", "thing_id": decided["id"]}).json()["data"]
    assert [one["detail"]["outcome"] for one in noted] == ["decided", "proposed"]
    assert len({one["actor"] for one in noted}) == 2


def test_a_disagreement_is_shown_and_goes_back(platform: Platform, ada: httpx.Client, bob: httpx.Client) -> None:
    conversation, path = request_of(platform, ada)
    vote(ada, path, "approved", "Ada").raise_for_status()
    apart = vote(bob, path, "rejected", "Bob", comment="not paid").raise_for_status().json()
    assert apart["verdict"] is None
    assert [(one["author"], one["verdict"]) for one in apart["votes"]] == [("Ada", "approved"), ("Bob", "rejected")]
    assert vote(bob, path, "rejected", "Bob").status_code == 403
    assert vote(ada, path, "rejected", "Ada").raise_for_status().json()["verdict"] == "rejected"
    assert "Moved." not in said(ada, conversation)
    assert ada.get(f"/v1/conversations/{conversation}").json()["status"] == "handed_over", "a person tells why"


def test_who_changes_their_mind_still_needs_another(platform: Platform, ada: httpx.Client, bob: httpx.Client) -> None:
    _, path = request_of(platform, ada)
    vote(ada, path, "approved", "Ada").raise_for_status()
    assert vote(ada, path, "rejected", "Ada").raise_for_status().json()["verdict"] is None
    assert vote(bob, path, "rejected", "Bob").raise_for_status().json()["verdict"] == "rejected"


def test_verdicts_are_those_of_the_kind(platform: Platform, ada: httpx.Client) -> None:
    _, path = request_of(platform, ada)
    wrong = vote(ada, path, "right", "Ada")
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "verdict")
    conversation = guarded_turn(platform, ada)
    review = ada.get("/v1/guards/reviews", params={"conversation_id": conversation}).json()["data"][0]
    assert vote(ada, f"/v1/guards/reviews/{review['id']}", "approved", "Ada").status_code == 400


def test_a_correction_counts_once_a_second_person_has_said_the_same(
    platform: Platform, ada: httpx.Client, bob: httpx.Client
) -> None:
    source = f"{BOT}\nreview: {{four_eyes: [move]}}"
    ada.post("/v1/bots", json={"source": source}).raise_for_status()
    moved, other = turn(ada, "gibberish please"), turn(ada, "gibberish too")
    label(ada, moved, "Ada", "move")
    label(ada, other, "Ada", "hours")
    assert moved not in queue(ada, "Ada", by="four_eyes")
    item = queue(bob, "Bob", by="four_eyes")[moved]
    assert (item["why"], item["labels"][0]["author"]) == ("needs a second person", "Ada")
    assert other not in queue(bob, "Bob", by="four_eyes")
    made = ada.post("/v1/feedback/rows", json={}).raise_for_status().json()
    assert (made["rows"], made["waiting"]) == (1, 1)
    label(ada, moved, "Eve", "move")
    assert ada.post("/v1/feedback/rows", json={}).json()["waiting"] == 1, (
        "another name at the same key is no other person"
    )
    label(bob, moved, "Bob", "move")
    made = ada.post("/v1/feedback/rows", json={}).raise_for_status().json()
    assert (made["rows"], made["waiting"]) == (2, 0)
    assert moved not in queue(ada, "Zoe", by="four_eyes")
    rows = ada.get(f"/v1/files/{made['file_id']}/content").text.splitlines()
    assert {json.loads(row)["intent"] for row in rows} == {"move", "hours"}


def test_an_ended_conversation_is_decided_without_a_word(
    platform: Platform, ada: httpx.Client, bob: httpx.Client
) -> None:
    conversation, path = request_of(platform, ada)
    ada.post(f"/v1/conversations/{conversation}/end").raise_for_status()
    vote(ada, path, "approved", "Ada").raise_for_status()
    assert vote(bob, path, "approved", "Bob").raise_for_status().json()["verdict"] == "approved"
    assert "Moved." not in said(ada, conversation)
