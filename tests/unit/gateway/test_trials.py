"""``POST /v1/bots/test`` with the services of the test platform: every text is understood as its first word."""

from __future__ import annotations

import httpx
import pytest

from tests.unit.dialogue.conversation import DESK

BOT = DESK[: DESK.index("knowledge:")] + DESK[DESK.index("handover:") :]

DIALOGUES = """
version: 1
dialogues:
  - name: hours
    turns:
      - {user: "hours today", kind: template, text: we open at 9}
      - {user: "greet", kind: template, text: nonsense}
"""


def test_dialogues_are_held_with_a_bot_that_is_not_in_service(http: httpx.Client) -> None:
    report = http.post("/v1/bots/test", json={"dialogues": DIALOGUES, "bot": BOT}).raise_for_status().json()
    assert (report["object"], report["turns"], report["turns_right"]) == ("bot.test", 2, 1)
    (wrong,) = report["wrong"]
    assert (wrong["dialogue"], wrong["turn"], wrong["user"]) == ("hours", 2, "greet")
    assert "expected 'nonsense'" in wrong["misses"][0]


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"dialogues": "version: 1", "bot": DESK}, "dialogues", "dialogues"),
        ({"dialogues": DIALOGUES, "bot": "version: 9"}, "source", "fault"),
        ({"dialogues": ""}, "dialogues", "at least 1 character"),
    ],
)
def test_what_is_faulty_is_told(http: httpx.Client, body: dict[str, str], param: str, words: str) -> None:
    answer = http.post("/v1/bots/test", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert words in answer.json()["error"]["message"]


def test_a_dialogue_file_may_be_the_body_itself(http: httpx.Client) -> None:
    assert http.post("/v1/bots", json={"source": BOT}).is_success
    report = http.post("/v1/bots/test", content=DIALOGUES, headers={"Content-Type": "application/yaml"})
    assert report.raise_for_status().json()["turns_right"] == 1
    refused = http.post("/v1/bots/test", content=DIALOGUES, headers={"Content-Type": "text/plain"})
    assert refused.status_code == 415
    assert '"dialogues"' in refused.json()["error"]["message"]
