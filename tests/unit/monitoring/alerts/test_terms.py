from __future__ import annotations

from services.monitoring.alerts.terms import terms_apart

USUAL = [f"the bank opens branch number {number} and the market is calm" for number in range(40)]


def test_what_is_said_of_a_surge_and_not_otherwise_is_told_first() -> None:
    found = terms_apart(
        ["the bank halts withdrawals", "withdrawals stopped at the bank", "no withdrawals today"], USUAL
    )
    assert found[0].term == "withdrawals"
    assert found[0].texts == 3
    assert "the" not in {term.term for term in found}


def test_chinese_is_read_by_pairs_of_characters() -> None:
    found = terms_apart(["公司财务造假", "财务造假被查", "又见造假"], ["公司发布年报", "公司发布公告"] * 10)
    assert "造假" in [term.term for term in found[:2]]


def test_a_word_said_once_is_no_term_and_nothing_has_none() -> None:
    assert terms_apart(["unheard of"], USUAL) == []
    assert terms_apart([], []) == []


def test_one_text_that_repeats_a_word_says_it_once() -> None:
    assert terms_apart(["scam scam scam scam", "nothing new"], USUAL) == []
