from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from shared.bot.bot_file import read_bot
from shared.contracts.chat.understanding import IntentScore, Sentiment, Understanding
from shared.dialogue.knowledge import KnowledgeIndex
from shared.dialogue.trial.dialogue_file import read_dialogues
from shared.dialogue.trial.report import TrialReport
from shared.dialogue.trial.run import hold
from shared.dialogue.turn_texts import Asked, Read
from tests.unit.dialogue.conversation import DESK

INTENTS = {"hello": "greet", "where is it": "parcel", "yes": "affirm", "cabin please": "move"}


class Reader:
    """Knows four sentences, and keeps what came before each."""

    def __init__(self) -> None:
        self.contexts: list[Sequence[str]] = []

    def __call__(self, asked: Sequence[Asked]) -> list[Read]:
        self.contexts += [context for _, context in asked]
        return [(self._understood(text), np.zeros(2, np.float32)) for text, _ in asked]

    def _understood(self, text: str) -> Understanding:
        intent = IntentScore(name=INTENTS.get(text, "out_of_scope"), confidence=0.95)
        return Understanding(model="m", intent=intent, sentiment=Sentiment(label="neutral", score=0.0, confidence=0.9))


def held(turns: str, reader: Reader | None = None) -> TrialReport:
    bot = read_bot(DESK)
    pairs = bot.knowledge
    file = read_dialogues(f"version: 1\ndialogues:\n  - name: one\n    turns: [{turns}]\n")
    index = KnowledgeIndex.of(pairs, np.zeros((len(pairs), 2), np.float32))
    return hold(file, bot, index, reader or Reader(), date(2026, 3, 10))


def test_what_comes_as_expected_is_right() -> None:
    report = held(
        "{user: where is it, intent: parcel, flow: parcel, asked: number, kind: flow},"
        "{user: A-10432, flow: null, slots: {number: a 10432}, text: [looking, 'A-\\d+'], not_text: sorry}"
    )
    assert (report.turns_right, report.turns, report.accuracy) == (2, 2, 1.0)


def test_what_does_not_come_is_told_with_what_came() -> None:
    (wrong,) = held("{user: where is it, intent: hours, flow: [null, flight], asked: number, text: booked}").wrong
    assert (wrong.dialogue, wrong.turn, wrong.user) == ("one", 1, "where is it")
    assert wrong.misses[:2] == ("intent: expected hours, came parcel", "flow: expected none or flight, came parcel")
    assert wrong.misses[2].startswith("text: expected 'booked', came ")


def test_of_several_ways_one_suffices() -> None:
    assert held("{user: hello, any_of: [{kind: flow}, {kind: template}]}").accuracy == 1.0
    (wrong,) = held("{user: hello, any_of: [{kind: flow, asked: day}, {kind: silent}]}").wrong
    assert wrong.misses == ("kind: expected silent, came template",)


def test_a_message_is_read_after_what_was_said_last() -> None:
    reader = Reader()
    held("{user: hello, kind: template}, {user: cabin please, flow: move}", reader)
    before, last = reader.contexts[:2]
    assert before == ()
    assert last[0] == "hello"
    assert len(last) == 2
