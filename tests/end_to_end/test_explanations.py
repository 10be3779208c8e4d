"""Why the real starter model and bot answered as they did."""

from __future__ import annotations

import json
import random
from typing import Any

import httpx
import pytest

from services.nlu.explaining import most_moving, without
from shared.contracts.chat.explanations import WordEffect
from shared.starter import utterances
from tests.end_to_end.platforms import Platform

#: Texts of the test; ``python -m tests.load.explanations`` looks at 200.
TEXTS = 12
NAMED = 2


@pytest.fixture(scope="module")
def texts() -> list[str]:
    rows = [json.loads(line) for line in utterances().read_text("utf-8").splitlines()]
    long = [row["text"] for row in rows if row.get("intent") and len(row["text"].split()) >= 7]
    return random.Random(7).sample(long, TEXTS)


def told(http: httpx.Client, text: str) -> dict[str, Any]:
    turn = http.post("/v1/conversations", json={}).raise_for_status().json()["id"]
    said = http.post(f"/v1/conversations/{turn}/messages", json={"content": text}).raise_for_status().json()
    path = f"/v1/conversations/{turn}/turns/{said['turn_id']}/explanation"
    explanation: dict[str, Any] = http.get(path).raise_for_status().json()
    return explanation


def likely(http: httpx.Client, text: str, intent: str) -> float:
    read = http.post("/v1/analyze", json={"input": text}).raise_for_status().json()["data"][0]
    return next((one["confidence"] for one in read["ranking"] if one["name"] == intent), 0.0)


def test_leaving_out_what_an_explanation_names_changes_more_than_leaving_out_other_words(
    starter: Platform, texts: list[str]
) -> None:
    by_named = by_others = 0.0
    chance = random.Random(1)
    with starter.http() as http:
        for text in texts:
            explanation = told(http, text)
            intent = explanation["intent"]
            words = [WordEffect(**word) for word in explanation["words"]]
            named = most_moving(words, NAMED)
            others = [word for word in words if word not in named]
            chosen = chance.sample(others, min(len(named), len(others)))
            for some in (named, chosen):
                spans = sorted((word.start, word.end) for word in some)
                fall = intent["confidence"] - likely(http, without(text, *spans), intent["name"])
                if some is named:
                    by_named += fall
                else:
                    by_others += fall
    assert by_named > 3 * by_others
    assert by_named / len(texts) > 0.2


def test_the_rules_the_rows_and_the_versions_are_told(starter: Platform) -> None:
    with starter.http() as http:
        explanation = told(http, "where is my order A-20992?")
        decided, nearest = explanation["decided"], explanation["nearest"]
        assert explanation["repeatable"]
        assert decided["rule"] == "intent"
        assert decided["score"] >= decided["threshold"]
        assert [row["intent"] for row in nearest[:2]] == [explanation["intent"]["name"]] * 2
        assert nearest[0]["similarity"] >= nearest[-1]["similarity"] > 0
        served = http.get("/v1/models").json()["data"]
        assert explanation["model"] in {model["id"] for model in served}
        assert explanation["bot_version"] == 1
