from __future__ import annotations

import pytest

from services.monitoring.streams.copies import candidates, roots
from services.monitoring.streams.fingerprints import SHARED, bands

HEADLINE = "Nordwind Energy shares jump 12% after the group raises its outlook for the second time this year"
CHINESE = "海川能源宣布回购十亿元股份，股价午后直线拉升并触及涨停板，成交额放大"


def shared(one: str, other: str) -> int:
    return len(set(bands(one)) & set(bands(other)))


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        (HEADLINE, HEADLINE),
        (HEADLINE, HEADLINE.upper()),
        (HEADLINE, f"{HEADLINE} - Morning Wire"),
        (CHINESE, f"{CHINESE}（财经早报）"),
        (CHINESE, CHINESE.replace("，", " ")),
    ],
)
def test_a_text_that_was_passed_on_shares_bands_with_the_first(text: str, copy: str) -> None:
    assert shared(text, copy) >= SHARED


@pytest.mark.parametrize(
    "other",
    [
        "Kestrel Motors shares fall 9% after the maker cuts its outlook for the first time since spring",
        "Nordwind Energy names a new chief",
        "海川能源股东大会通过年度分红方案，每十股派发现金红利三元",
    ],
)
def test_another_text_shares_hardly_any(other: str) -> None:
    assert max(shared(HEADLINE, other), shared(CHINESE, other)) < SHARED


def test_a_short_text_may_be_said_by_many() -> None:
    assert bands("Gold rises.") == bands("") == bands("涨了") == []


def test_who_owns_enough_of_the_bands_is_the_one_that_is_copied() -> None:
    owners = {
        "a": {"1": "a", "2": "a", "3": "x"},
        "b": {"1": "a", "2": "a", "3": "x"},
        "c": {"1": "c", "4": "y", "5": "y", "6": "z", "7": "z"},
    }
    assert candidates(owners, 2) == {"b": "a", "c": "y"}


def test_a_copy_of_a_copy_is_one_of_the_first() -> None:
    assert roots({"b": "a", "c": "b", "d": "e"}, {"e": "first"}, "abcd") == {"b": "a", "c": "a", "d": "first"}
