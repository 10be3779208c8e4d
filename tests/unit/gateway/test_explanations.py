"""Explanations over HTTP: the turn goes to nlu as it came, and what comes back is told beside what was stored."""

from __future__ import annotations

import ast
import inspect
import re

import httpx

from services.gateway.explanations.wording import worded
from shared.dialogue import judging
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


def test_reasons_are_told_in_the_language_that_is_asked_for(http: httpx.Client) -> None:
    conversation_id = begin(http)
    turn_id = say(http, conversation_id, "greet you").json()["turn_id"]
    address = f"/v1/conversations/{conversation_id}/turns/{turn_id}/explanation"
    english = http.get(address).json()["passed_over"][0]
    by_header = http.get(address, headers={"Accept-Language": "fr, zh-CN;q=0.9, en;q=0.8"}).json()["passed_over"][0]
    by_query = http.get(address, params={"lang": "zh"}).json()["passed_over"][0]
    assert (english["rule"], english["reason"]) == ("anger", "the message is neutral")
    assert by_header == by_query == {**english, "reason": "消息的情感为 neutral"}
    asked = http.get(address, params={"lang": "en"}, headers={"Accept-Language": "zh"})
    assert asked.json()["passed_over"][0] == english
    assert http.get(address, params={"lang": "fr"}).json()["error"]["param"] == "lang"


def test_every_sentence_of_the_policy_has_a_chinese_one() -> None:
    tree = ast.parse(inspect.getsource(judging))
    told = [_template(node.args[0]) for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_reason(node)]
    sentences = {each for several in told for each in several}
    assert len(sentences) > 40
    for sentence in sentences:
        chinese = worded(sentence.format("rule_1", "rule_2"), "zh")
        assert re.search("[\u4e00-\u9fff]", chinese), sentence
        assert [name for name in ("rule_1", "rule_2") if name in chinese] == [
            f"rule_{place + 1}" for place in range(sentence.count("{}"))
        ]


def test_what_was_tried_is_worded_step_by_step() -> None:
    told = worded("a document answers; grounded: supported to 0.91", "zh")
    assert told == "由文档回答；grounded: supported to 0.91"
    sure = "no intent is sure enough; the likeliest is refund; partial"
    assert worded(sure, "zh") == "没有足够确定的意图；最可能的是 refund; partial"
    assert worded(sure, "en") == sure


def _is_reason(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == "Reason"


def _template(node: ast.expr) -> list[str]:
    """The sentences that an expression may be, with an empty pair of braces for each name."""
    if isinstance(node, ast.IfExp):
        return [*_template(node.body), *_template(node.orelse)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)]
    return [str(node.value)] if isinstance(node, ast.Constant) else []
