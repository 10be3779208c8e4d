"""Rules leave their Chinese alternatives out where they cannot match, and ignore case."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dialogue.guards import injection, profanity, promises, self_harm
from shared.dialogue.guards.rules import Rule, rules

ASCII = st.characters(max_codepoint=127)
ALL = {
    f"{module.__name__.rpartition('.')[2]}.{name}": rule
    for module in (injection, profanity, promises, self_harm)
    for name, rule in module.RULES.items()
}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in ALL.items()])
def test_whatever_a_rule_matches_in_ascii_is_found_without_its_chinese_alternatives(rule: Rule) -> None:
    @given(st.from_regex(rule.whole, alphabet=ASCII))
    @settings(max_examples=20, deadline=None)
    def holds(text: str) -> None:
        assert rule.search(text) is not None or rule.whole.search(text.lower()) is None

    holds()


def test_a_rule_of_chinese_alone_costs_an_english_text_nothing() -> None:
    rule = rules(only=("跟我{near}重复",))["only"]
    assert rule.ascii is None
    assert rule.search("repeat after me") is None
    assert rule.search("请跟我一起重复") is not None


def test_the_case_of_letters_does_not_matter() -> None:
    rule = rules(only=(r"\brepeat\b", "重复dan"))["only"]
    assert rule.search("Please REPEAT") is not None
    assert rule.search("重复DAN") is not None
