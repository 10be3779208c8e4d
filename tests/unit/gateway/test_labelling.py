"""What people label: the turns that teach most first, each by one or by two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest

from services.gateway.labelling.agreeing import agreement
from shared.bot.bot_file import read_bot
from shared.storage.database.engine import Session
from shared.storage.database.identity import new_id
from shared.storage.tables.core import Conversation
from shared.storage.tables.people import KnowledgeProposal, ProposalState
from tests.unit.gateway.platform import Platform, running_platform
from tests.unit.gateway.test_conversations import begin, say
from tests.unit.gateway.test_trials import BOT


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("labelling")) as started:
        yield started


@pytest.fixture(scope="module")
def http(platform: Platform) -> Iterator[httpx.Client]:
    with platform.http() as http:
        yield http


def turn(http: httpx.Client, text: str) -> str:
    return str(say(http, begin(http), text).raise_for_status().json()["turn_id"])


def label(http: httpx.Client, turn_id: str, author: str, intent: str) -> None:
    body = {"turn_id": turn_id, "source": "reviewer", "author": author, "correct": {"intent": intent}}
    http.post("/v1/feedback", json=body).raise_for_status()


def queue(http: httpx.Client, author: str, **how: Any) -> dict[str, dict[str, Any]]:
    told = http.get("/v1/labelling", params={"author": author, **how}).raise_for_status().json()
    return {item["id"]: item for item in told["data"]}


def test_a_turn_leaves_the_queue_of_who_labelled_it_and_of_all_once_enough_did(http: httpx.Client) -> None:
    turn_id = turn(http, "order something odd")
    item = queue(http, "Ada")[turn_id]
    assert (item["text"], item["ranking"][0]["name"]) == ("order something odd", "order")
    label(http, turn_id, "Ada", "order")
    assert turn_id not in queue(http, "Ada", people=2)
    assert turn_id in queue(http, "Bob", people=2)
    assert turn_id not in queue(http, "Bob")
    label(http, turn_id, "Bob", "return")
    assert turn_id not in queue(http, "Eve", people=2)
    apart = queue(http, "Eve", by="disagreement")[turn_id]
    assert {one["author"]: one["correct"]["intent"] for one in apart["labels"]} == {"Ada": "order", "Bob": "return"}
    told = http.get("/v1/labelling/agreement").json()
    assert (told["turns"], told["agreement"], told["disagreements"]) == (1, 0.0, [turn_id])


def test_what_customers_complain_about_comes_with_their_words(http: httpx.Client) -> None:
    turn_id = turn(http, "where is it")
    http.post("/v1/feedback", json={"turn_id": turn_id, "rating": "down", "comment": "useless"}).raise_for_status()
    assert queue(http, "Ada", by="complaints")[turn_id]["why"] == "useless"


def test_a_wrong_question_is_refused_by_name(http: httpx.Client) -> None:
    for wrong in ({"by": "luck"}, {"people": 3}, {"author": ""}):
        refused = http.get("/v1/labelling", params={"author": "Ada", **wrong})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, next(iter(wrong)))


def test_kappa_is_agreement_beyond_chance() -> None:
    assert agreement([]) == (None, None)
    assert agreement([("a", "a")] * 3) == (1.0, None)
    share, kappa = agreement([("a", "a"), ("b", "b"), ("a", "b"), ("b", "a")])
    assert (share, kappa) == (0.5, 0.0)


def test_notes_are_colleagues_own(http: httpx.Client) -> None:
    conversation_id = begin(http)
    note = http.post(f"/v1/conversations/{conversation_id}/notes", json={"text": "rude", "author": "Ada"}).json()
    path = f"/v1/conversations/{conversation_id}/notes"
    assert [one["text"] for one in http.get(path).json()["data"]] == ["rude"]
    assert "rude" not in http.get(f"/v1/conversations/{conversation_id}/messages").text
    http.delete(f"{path}/{note['id']}").raise_for_status()
    assert http.get(path).json()["data"] == []
    assert http.delete(f"{path}/{note['id']}").json()["error"]["param"] == "note_id"


def test_what_a_colleague_answered_is_proposed_once_without_personal_numbers(http: httpx.Client) -> None:
    conversation_id = begin(http)
    path = f"/v1/conversations/{conversation_id}"
    http.post(f"{path}/take_over").raise_for_status()
    say(http, conversation_id, "my card 4111 1111 1111 1111 was charged twice, why?").raise_for_status()
    for words in ("We book it back within", "three days at most."):
        http.post(f"{path}/replies", json={"content": words, "author": "Ada"}).raise_for_status()
    say(http, conversation_id, "thanks").raise_for_status()
    http.post(f"{path}/replies", json={"content": "bye", "author": "Ada"}).raise_for_status()
    http.post(f"{path}/release").raise_for_status()
    http.post(f"{path}/end").raise_for_status()
    listed = http.get("/v1/knowledge_proposals").json()["data"]
    (one,) = [each for each in listed if each["conversation_id"] == conversation_id]
    assert one["answer"] == "We book it back within three days at most."
    assert "4111 1111 1111 1111" not in one["question"]
    accepted = http.post(f"/v1/knowledge_proposals/{one['id']}/accept").raise_for_status().json()
    assert accepted["yaml"].startswith('  - {"id": "prop_')
    assert http.post(f"/v1/knowledge_proposals/{one['id']}/dismiss").status_code == 409
    assert http.get("/v1/knowledge_proposals").json()["data"] == []


def test_accepted_answers_become_a_part_of_the_bot_file(http: httpx.Client, platform: Platform) -> None:
    path = "/v1/bots/active/knowledge"
    http.post("/v1/bots", json={"source": f"# ours\n{BOT}"}).raise_for_status()
    before = http.get("/v1/bots/active").json()
    with platform.database.transaction() as session:
        for number, state in enumerate(("accepted", "accepted", "proposed")):
            session.add(_proposal(session, f"prop_{number}", cast("ProposalState", state)))
    with platform.http(platform.key("train")) as trainer:
        assert trainer.post(path).status_code == 403
    refused = http.post(path, json={"proposals": ["prop_2"]}).json()["error"]
    assert (refused["param"], "prop_2" in refused["message"]) == ("proposals", True)

    first = http.post(path, json={"proposals": ["prop_1"]}).raise_for_status().json()
    assert (first["added"], first["version"]) == (["prop_1"], before["version"] + 1)
    rest = http.post(path).raise_for_status().json()
    assert "prop_0" in rest["added"]
    assert not {"prop_1", "prop_2"} & set(rest["added"])
    again = http.post(path).raise_for_status().json()
    assert again == {"object": "bot.knowledge_added", "version": rest["version"], "added": []}

    source = http.get("/v1/bots/active").json()["source"]
    assert source.startswith("# ours\n")
    pair = next(pair for pair in read_bot(source).knowledge if pair.id == "prop_0")
    assert (pair.question, pair.source) == ("how is it number 0", "Ada # y: [")
    assert "# Answered by Ada # y: [ in conv_" in source


def _proposal(session: Session, proposal_id: str, state: ProposalState) -> KnowledgeProposal:
    conversation_id = new_id("conv_")
    session.add(Conversation(id=conversation_id, created_at=0.0, key_id="key"))
    session.flush()
    return KnowledgeProposal(
        id=proposal_id,
        conversation_id=conversation_id,
        created_at=0.0,
        question=f"how is it number {proposal_id[-1]}",
        answer="Like: this\n - {all} of 'it'.",
        author="Ada # y: [",
        state=state,
    )
