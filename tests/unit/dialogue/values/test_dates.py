"""Days as customers write them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dialogue.values.calendar import Calendar, spoken
from shared.dialogue.values.dates import find

TUESDAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", "2026-03-10"),
        ("sometime this afternoon", "2026-03-10"),
        ("Tomorrow morning, please", "2026-03-11"),
        ("tmrw", "2026-03-11"),
        ("the day after tomorrow", "2026-03-12"),
        ("yesterday", "2026-03-09"),
        ("last night", "2026-03-09"),
        ("the day before yesterday", "2026-03-08"),
        ("in 3 days", "2026-03-13"),
        ("in a week", "2026-03-17"),
        ("in two weeks' time", "2026-03-24"),
        ("two weeks ago", "2026-02-24"),
        ("next week", None),
        ("Friday", "2026-03-13"),
        ("on tuesday", "2026-03-17"),
        ("this Tuesday", "2026-03-10"),
        ("next Friday", "2026-03-20"),
        ("next Monday", "2026-03-16"),
        ("last Friday", "2026-03-06"),
        ("last Tuesday", "2026-03-03"),
        ("Weds", None),
        ("wed", "2026-03-11"),
        ("Thurs", "2026-03-12"),
        ("this weekend", "2026-03-14"),
        ("next weekend", "2026-03-21"),
        ("14 March", "2026-03-14"),
        ("March 14th", "2026-03-14"),
        ("the 14th of March, 2027", "2027-03-14"),
        ("Friday 14 Mar", "2026-03-14"),
        ("9 March", "2027-03-09"),
        ("Sept. 3", "2026-09-03"),
        ("may 3", "2026-05-03"),
        ("29 February", "2028-02-29"),
        ("31 February", None),
        ("the 21st", "2026-03-21"),
        ("on the 5th", "2026-04-05"),
        ("the 31st", "2026-03-31"),
        ("Saturday the 21st", "2026-03-21"),
        ("21st", "2026-03-21"),
        ("the 41st", None),
        ("2026-12-24", "2026-12-24"),
        ("2026-13-24", None),
        ("03/05", "2026-05-03"),
        ("05/13", "2026-05-13"),
        ("13/05/27", "2027-05-13"),
        ("3.5.2027", "2027-05-03"),
        ("3-5-2027", "2027-05-03"),
        ("99/99", None),
        ("$12.10", None),
        ("A-10432", None),
        ("order 558201", None),
        ("march on", None),
        ("July", None),
        ("sunny monkeys", None),
        ("decades 3", None),
        ("", None),
    ],
)
def test_days(text: str, expected: str | None) -> None:
    day = find(text, Calendar(TUESDAY))
    assert (day.isoformat() if day else None) == expected


def test_month_first_where_that_is_the_custom() -> None:
    calendar = Calendar(TUESDAY, day_first=False)
    assert find("03/05", calendar) == date(2027, 3, 5)
    assert find("13/05", calendar) == date(2026, 5, 13), "only one reading is a day"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9 March", "2026-03-09"),
        ("14 March", "2025-03-14"),
        ("on Tuesday", "2026-03-03"),
        ("Friday", "2026-03-06"),
        ("the 21st", "2026-02-21"),
        ("the 31st", "2026-01-31"),
        ("29 February", "2024-02-29"),
    ],
)
def test_days_that_lie_behind(text: str, expected: str) -> None:
    assert find(text, Calendar(TUESDAY, past=True)) == date.fromisoformat(expected)


@pytest.mark.parametrize("text", ["tomorrow", "in 3 weeks", "next Friday", "next weekend", "the 1st", "1 March"])
def test_the_end_of_time(text: str) -> None:
    assert find(text, Calendar(date.max)) is None


@given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), ahead=st.integers(0, 360))
def test_what_is_spoken_is_understood(day: date, ahead: int) -> None:
    then = day + timedelta(days=ahead)
    calendar = Calendar(day)
    assert find(spoken(then), calendar) == then
    assert find(then.isoformat(), calendar) == then
    assert find(f"{then.day}/{then.month}/{then.year}", calendar) == then


@given(text=st.text(max_size=40), day=st.dates())
def test_no_text_is_too_odd(text: str, day: date) -> None:
    found = find(text, Calendar(day))
    assert found is None or isinstance(found, date)
