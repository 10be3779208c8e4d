"""The console speaks Chinese wherever it speaks English."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from services import console
from services.console.frame import MENU
from services.console.pages import inbox, jobs, labelling, opinion
from services.console.visit import language_of, say
from services.console.words import CHINESE


def spoken() -> Iterator[str]:
    """Every literal that is said, or handed to what says it."""
    speakers = {"say", "page", "nothing", "figure", "attempt", "lines", "_chart"}
    for path in Path(console.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                literals = [argument for argument in node.args if isinstance(argument, ast.Constant)]
                if name in speakers:
                    yield from (
                        str(one.value) for one in literals if isinstance(one.value, str) and is_words(one.value)
                    )


def is_words(text: str) -> bool:
    return bool(text) and not text.startswith("/")


def test_every_word_has_its_chinese() -> None:
    said = (
        set(spoken())
        | {entry.title for entry in MENU}
        | {*jobs.TUNINGS.values(), *inbox.STATUSES.values(), *opinion.SPANS.values(), *labelling.QUEUES.values()}
    )
    assert len(said) > 60
    assert said - CHINESE.keys() == set()


def test_words_without_a_translation_stay() -> None:
    assert say("Jobs", "zh") == "任务"
    assert say("Jobs", "en") == "Jobs"
    assert say("an intent's name", "zh") == "an intent's name"


def test_the_language_is_the_chosen_one_else_the_browsers() -> None:
    assert language_of({"parley_language": "zh"}, "en-US") == "zh"
    assert language_of({}, "fr;q=0.9, zh-CN;q=0.8, en;q=0.7") == "zh"
    assert language_of({"parley_language": "nonsense"}, "") == "en"
