"""The page on the bot file is complete, and its examples work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from shared.bot.bot import Bot, Flow, Handover, Intent, KnowledgePair, Settings
from shared.bot.bot_file import read_bot
from shared.bot.consistency import DIALOGUE_PLACEHOLDERS
from shared.bot.document import parse
from shared.bot.guarding import AnswerGuards, Guards
from shared.bot.recommending import Recommend
from shared.bot.review import Review
from shared.bot.slot import Slot
from shared.bot.wording import Control, Fallback, Wording
from shared.bot.writing import FreeChat, Grounding

PAGE = (Path(__file__).parents[3] / "docs" / "bot-file.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SECTIONS: dict[str, type[BaseModel]] = {
    "settings": Settings,
    "intents": Intent,
    "control": Control,
    "slots": Slot,
    "flows": Flow,
    "recommend": Recommend,
    "knowledge": KnowledgePair,
    "guards": Guards,
    "review": Review,
    "grounding": Grounding,
    "free_chat": FreeChat,
    "handover": Handover,
    "fallback": Fallback,
    "wording": Wording,
}


def section(name: str) -> str:
    return PAGE.split(f"\n## `{name}`\n")[1].split("\n## ")[0]


def test_the_first_example_is_a_whole_bot() -> None:
    assert read_bot(EXAMPLES[0]).name == "Ticket desk"


@pytest.mark.parametrize("example", EXAMPLES[1:])
def test_the_other_examples_fit_into_it(example: str) -> None:
    added = parse(example).data
    (name,) = added
    whole = parse(EXAMPLES[0]).data
    merged = {**whole, name: {**whole.get(name, {}), **added[name]}}
    assert Bot.model_validate(merged)


def test_every_key_is_explained() -> None:
    top = PAGE.split("\n## Top level\n")[1].split("\n## ")[0]
    assert [key for key in Bot.model_fields if f"| `{key}` |" not in top] == []
    for name, model in SECTIONS.items():
        assert [key for key in model.model_fields if f"`{key}`" not in section(name)] == [], name
    assert [key for key in AnswerGuards.model_fields if f"`{key}`" not in section("guards")] == []


def test_defaults_are_the_documented_ones() -> None:
    for model, name in (
        (Settings, "settings"),
        (Intent, "intents"),
        (Slot, "slots"),
        (Handover, "handover"),
        (Guards, "guards"),
    ):
        for key, field in model.model_fields.items():
            row = re.search(rf"^\| `{key}` \| `([^`]*)` \|", section(name), re.MULTILINE)
            if row is not None:
                assert parse(row[1]).data == field.default, key


def test_placeholders_of_the_dialogue_texts_are_the_documented_ones() -> None:
    for (part, key), names in DIALOGUE_PLACEHOLDERS.items():
        if part in ("handover", "guards", "review"):
            continue
        row = re.search(rf"^\| `{key}` \| (.*?) \|", section(part), re.MULTILINE)
        assert row is not None, key
        assert set(re.findall(r"\{(\w+)\}", row[1])) == {name for name in names if name}
