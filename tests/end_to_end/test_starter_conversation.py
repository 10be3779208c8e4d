"""A long conversation with the real starter model: the bot keeps its thread, and knows when to give up."""

from __future__ import annotations

import httpx

from shared.starter import bot, dialogues
from tests.end_to_end.platforms import Platform


class Talk:
    """One conversation; keeps the last reply."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._id = http.post("/v1/conversations", json={}).raise_for_status().json()["id"]

    def say(self, text: str) -> dict[str, object]:
        path = f"/v1/conversations/{self._id}/messages"
        reply: dict[str, object] = self._http.post(path, json={"content": text}).raise_for_status().json()
        return reply


def test_flights_digression_correction_anger_and_a_person(starter: Platform) -> None:
    with starter.http() as http:
        talk = Talk(http)
        assert "airline" in words(talk.say("I want to know about flights"))
        assert kind(reply := talk.say("What are your opening hours?")) != "fallback"
        assert "airline" in words(reply), "the question is answered, then the flow goes on"
        talk.say("Lufthansa")
        talk.say("from Berlin to Paris")
        reply = talk.say("no wait, to Rome instead")
        reply = talk.say("tomorrow")
        assert "rome" in words(reply)
        assert "paris" not in words(reply), "the corrected slot holds the new value"
        talk.say("yes, that's right")
        talk.say("this is the worst service ever, I am really angry")
        reply = talk.say("I want to talk to a real person, now!")
        assert understood(reply)["handover"] in ("requested", "anger")
        assert words(talk.say("hello?")) == "", "once a person has taken over, the bot is silent"


def words(reply: dict[str, object]) -> str:
    """The bot's words, lower-cased."""
    return str(reply["content"]).lower()


def understood(reply: dict[str, object]) -> dict[str, object]:
    """What rides along with the words."""
    details = reply["parley"]
    assert isinstance(details, dict)
    return details


def kind(reply: dict[str, object]) -> object:
    """Which part of the policy spoke."""
    return understood(reply)["answer_kind"]


def test_the_starter_holds_the_dialogues_that_it_was_written_with(starter: Platform) -> None:
    """Among them are the public bug reports of others' products: negated negatives, signs, ranges, conditions, counts."""
    body = {"dialogues": dialogues()["tuning"].read_text("utf-8"), "bot": bot().read_text("utf-8")}
    with starter.http() as http:
        report = http.post("/v1/bots/test", json=body, timeout=60).raise_for_status().json()
    assert report["turns"] > 140
    assert report["accuracy"] >= 0.95, report["wrong"]
