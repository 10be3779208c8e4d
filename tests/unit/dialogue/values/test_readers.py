"""What each reader finds in a text, in English and in Chinese; what only looks like a value is none."""

from __future__ import annotations

import time
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bot.bot_file import read_bot
from shared.dialogue.values.slots import READERS, SlotReader
from tests.unit.dialogue.conversation import DESK

FRIDAY = date(2026, 11, 27)
SLOTS = """\
slots:
  date: {title: k1, type: date}
  date_range: {title: k2, type: date_range}
  time: {title: k3, type: time}
  duration: {title: k4, type: duration}
  amount: {title: k5, type: amount}
  number_read: {title: k6, type: number}
  count: {title: k7, type: count}
  order: {title: k8, type: order_number}
  email: {title: k9, type: email}
  address: {title: k10, type: address}
  choice: {title: k11, type: choice, choices: {economy: [经济舱], business: [商务舱, front row]}}
  code: {title: k12, type: regex, pattern: "[A-Z]{2}[0-9]{2}"}
"""
BOT = read_bot(DESK.replace("slots:\n", SLOTS, 1))
READ = tuple(name for name, slot in BOT.slots.items() if slot.type in READERS)


def values(slot: str, text: str) -> str:
    """The values found, one blank between them; ``!`` marks what is not meant."""
    return " ".join(f"{one.value}{'!' * one.rejected}" for one in SlotReader(BOT, FRIDAY).read(slot, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("next friday", "2026-12-04"),
        ("the day after tomorrow", "2026-11-29"),
        ("in a fortnight", "2026-12-11"),
        ("end of the month", "2026-11-30"),
        ("the end of March", "2027-03-31"),
        ("two weeks from Friday", "2026-12-18"),
        ("next week Friday", "2026-12-04"),
        ("3rd and 28th of next month", "2026-12-03 2026-12-28"),
        ("between 5 and 7 December", "2026-12-05 2026-12-07"),
        ("March 14-17", "2027-03-14 2027-03-17"),
        ("Friday, 4 December 2026", "2026-12-04"),
        ("on sun", "2026-11-29"),
        ("Christmas Eve", "2026-12-24"),
        ("后天", "2026-11-29"),
        ("大后天", "2026-11-30"),
        ("下周五", "2026-12-04"),
        ("这周日", "2026-11-29"),
        ("三天后", "2026-11-30"),
        ("两周后", "2026-12-11"),
        ("半个月后", "2026-12-12"),
        ("明天下午3点", "2026-11-28"),
        ("十二月三日", "2026-12-03"),
        ("2026年12月3日", "2026-12-03"),
        ("二〇二六年十二月三号", "2026-12-03"),
        ("12月3日到5日", "2026-12-03 2026-12-05"),
        ("下个月5号", "2026-12-05"),
        ("月底", "2026-11-30"),
        ("I can be reached 24/7", ""),
        ("for the 2 of us", ""),
        ("the 3 of us are travelling", ""),
        ("the 3rd time", ""),
        ("the sun is shining, we sat down", ""),
        ("March", ""),
        ("Fridays", ""),
        ("every Friday", ""),
        ("end of next week", ""),
        ("what is today's price", ""),
        ("12 May Street, 10115 Berlin", ""),
        ("二月三十日", ""),
    ],
)
def test_days(text: str, expected: str) -> None:
    assert values("date", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from 14 March to 17 March", "2027-03-14/2027-03-17"),
        ("between 5 and 7 December", "2026-12-05/2026-12-07"),
        ("28 December to 3 January", "2026-12-28/2027-01-03"),
        ("three nights from 14 March", "2027-03-14/2027-03-17"),
        ("from tomorrow for 3 days", "2026-11-28/2026-11-30"),
        ("next week", "2026-11-30/2026-12-06"),
        ("从后天到下周五", "2026-11-29/2026-12-04"),
        ("明天，三天两晚", "2026-11-28/2026-11-30"),
        ("Friday to Fri", "2026-12-04/2026-12-11"),
        ("周五到周五", "2026-12-04/2026-12-11"),
        ("today to today", ""),
        ("14 March", ""),
        ("Monday and Friday", ""),
    ],
)
def test_stretches_of_days(text: str, expected: str) -> None:
    assert values("date_range", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 3pm", "15:00"),
        ("half past 3", "15:30"),
        ("quarter to 1", "12:45"),
        ("15:00", "15:00"),
        ("3:30 p.m.", "15:30"),
        ("12:30 am", "00:30"),
        ("ten past nine in the evening", "21:10"),
        ("noon", "12:00"),
        ("at 9", "09:00"),
        ("15", "15:00"),
        ("at 5 or 6 pm", "17:00 18:00"),
        ("上午九点", "09:00"),
        ("明天下午3点", "15:00"),
        ("下午三点半", "15:30"),
        ("三点一刻", "15:15"),
        ("中午12点", "12:00"),
        ("at 20 euros", ""),
        ("we won 2:1", ""),
        ("a 16:9 screen", ""),
        ("26:10", ""),
    ],
)
def test_times(text: str, expected: str) -> None:
    assert values("time", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 days", "P3D"),
        ("three nights", "P3D"),
        ("a fortnight", "P2W"),
        ("2 hours and 30 minutes", "PT2H30M"),
        ("an hour and a half", "PT1H30M"),
        ("half an hour", "PT30M"),
        ("1.5 hours", "PT1H30M"),
        ("a couple of days", "P2D"),
        ("2-3 days", "P2D P3D"),
        ("2 to 3 weeks", "P2W P3W"),
        ("三天两晚", "P3D"),
        ("两个半小时", "PT2H30M"),
        ("一个月", "P1M"),
        ("in 3 days", ""),
        ("3 days ago", ""),
        ("三天后", ""),
        ("24/7", ""),
    ],
)
def test_lengths_of_time(text: str, expected: str) -> None:
    assert values("duration", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I paid for 2 shirts, 30 euros", "30 euros"),
        ("1 250 EUR", "1 250 EUR"),
        ("1'250.50 CHF", "1'250.50 CHF"),
        ("€1.234,56", "€1.234,56"),
        ("20k dollars", "20k dollars"),
        ("order A-10432 for 15 dollars", "15 dollars"),
        ("on 12 May 40 euros", "40 euros"),
        ("-5 euros", "-5 euros"),
        ("one hundred and fifty euros", "one hundred and fifty euros"),
        ("30 euros and 50 cents", "30 euros and 50 cents"),
        ("it was about 50, I think", "50"),
        ("20-30 euros", "20 euros 30 euros"),
        ("三百块", "三百块"),
        ("1250元", "1250元"),
        ("1.2万元", "1.2万元"),
        ("三块五", "三块五"),
        ("2 shirts", ""),
        ("12,345,67 euros", ""),
        ("50 shirts for my team", ""),
        ("5 %", ""),
    ],
)
def test_amounts(text: str, expected: str) -> None:
    assert values("amount", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,250.5", "1250.5"),
        ("1.250,75", "1250.75"),
        ("about 1 250", "1250"),
        ("1,250", "1250"),
        ("1.25", "1.25"),
        ("twenty-five", "25"),
        ("minus 5", "-5"),
        ("20k", "20000"),
        ("1.5 million", "1500000"),
        ("三百五十", "350"),
        ("三百五", "350"),
        ("一万二", "12000"),
        ("order A-10432", ""),
        ("12 May", ""),
        ("for 15 dollars", ""),
    ],
)
def test_numbers(text: str, expected: str) -> None:
    assert values("number_read", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two tickets", "2"),
        ("the 3 of us", "3"),
        ("2 adults and 1 child", "3"),
        ("2 adults, 2 kids and a baby", "5"),
        ("me and my wife", "2"),
        ("family of four", "4"),
        ("3", "3"),
        ("a dozen eggs", "12"),
        ("两个人", "2"),
        ("三张票", "3"),
        ("我们俩", "2"),
        ("a ticket", ""),
        ("3 nights", ""),
        ("5 o'clock", ""),
        ("10115 Berlin", ""),
    ],
)
def test_counts(text: str, expected: str) -> None:
    assert values("count", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it is A-10432, thanks", "A-10432"),
        ("order number 1043", "1043"),
        ("558201.", "558201"),
        ("10432 Thanks", "10432"),
        ("订单号是A-10432", "A-10432"),
        ("12 Baker Street, 10115 Berlin", ""),
        ("I live in 10115 Berlin", ""),
        ("call me on 03012345678", ""),
        ("my phone is 5551234567", ""),
        ("20000 euros", ""),
    ],
)
def test_order_numbers(text: str, expected: str) -> None:
    assert values("order", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 Baker Street, 10115 Berlin", "12 Baker Street, 10115 Berlin"),
        ("please send it to 14 Elm Street, Bristol", "14 Elm Street, Bristol"),
        ("221B Baker St, London NW1 6XE", "221B Baker St, London NW1 6XE"),
        ("Flat 3, 14 Elm Road, Bristol BS1 4DJ", "Flat 3, 14 Elm Road, Bristol BS1 4DJ"),
        ("1600 Pennsylvania Ave NW, Washington, DC 20500", "1600 Pennsylvania Ave NW, Washington, DC 20500"),
        ("bitte an Hauptstraße 5, 10115 Berlin", "Hauptstraße 5, 10115 Berlin"),
        ("5 rue de Rivoli, 75001 Paris", "5 rue de Rivoli, 75001 Paris"),
        ("7 Oak Lane, Leeds, and I want it soon", "7 Oak Lane, Leeds"),
        ("送到北京市朝阳区建国路88号", "北京市朝阳区建国路88号"),
        ("2 days on the road", ""),
        ("A-10432", ""),
    ],
)
def test_addresses(text: str, expected: str) -> None:
    assert values("address", text) == expected


@pytest.mark.parametrize(
    ("slot", "text", "expected"),
    [
        ("choice", "not business, economy", "business! economy"),
        ("choice", "economy, not business", "economy business!"),
        ("choice", "economy, no business", "economy business!"),
        ("choice", "anything but economy", "economy!"),
        ("choice", "nothing but economy", "economy"),
        ("choice", "not economy or business", "economy! business!"),
        ("choice", "business, no, economy", "business! economy"),
        ("choice", "business class doesn't work, economy", "business! economy"),
        ("choice", "不要商务舱，要经济舱", "business! economy"),
        ("choice", "economy or business", "economy business"),
        ("email", "not joe@old.com but Joe@New.com", "joe@old.com! joe@new.com"),
        ("date", "not tomorrow", "2026-11-28!"),
        ("date", "Friday, sorry, Saturday", "2026-12-04! 2026-11-28"),
        ("date", "no, saturday", "2026-11-28"),
        ("date", "no saturday", "2026-11-28"),
        ("date", "why not Friday", "2026-12-04"),
        ("date", "I can't on Friday, Saturday is fine", "2026-12-04! 2026-11-28"),
        ("date", "not on Monday or Tuesday", "2026-11-30! 2026-12-01!"),
        ("date", "move it from 5 December to 7 December", "2026-12-05! 2026-12-07"),
        ("date", "明天不行，后天", "2026-11-28! 2026-11-29"),
    ],
)
def test_what_is_not_meant(slot: str, text: str, expected: str) -> None:
    assert values(slot, text) == expected


@pytest.mark.parametrize(
    ("slot", "value", "shown"),
    [
        ("date_range", "2026-03-14/2026-03-17", "Saturday 14 March 2026 to Tuesday 17 March 2026"),
        ("duration", "P3D", "3 days"),
        ("duration", "PT1H30M", "1 hour 30 minutes"),
        ("duration", "P1M", "1 month"),
        ("duration", "any time", "any time"),
        ("time", "15:00", "15:00"),
        ("amount", "20k dollars", "20k dollars"),
    ],
)
def test_kept_values_are_shown_in_words(slot: str, value: str, shown: str) -> None:
    assert SlotReader(BOT, FRIDAY).shown(slot, value) == shown


def test_two_values_are_no_value() -> None:
    reader = SlotReader(BOT, FRIDAY)
    assert reader.value("date", "Monday or Friday") is None
    assert reader.value("email", "a@example.com and b@example.com") is None


PIECES = st.sampled_from(
    [
        "12",
        "3rd",
        "24/7",
        "not",
        "no",
        "from",
        "to",
        "and",
        "or",
        "the",
        "of",
        "us",
        "March",
        "Friday",
        "tomorrow",
        "at",
        "pm",
        "half",
        "past",
        "€",
        "euros",
        "$",
        ",",
        ".",
        "-",
        "10115",
        "Berlin",
        "Street",
        "A-10432",
        "#",
        "两",
        "三",
        "个",
        "天",
        "后",
        "下",
        "周",
        "五",
        "点",
        "半",
        "元",
        "不要",
        "号",
        "月",
        "日",
        "two",
        "hundred",
        "thousand",
        "days",
        "a@b.co",
        "minus",
        "'",
        "İ",
        "ß",
        "１",
    ]
)


@given(
    text=st.text(max_size=60) | st.lists(PIECES, max_size=25).map(" ".join) | st.lists(PIECES, max_size=25).map("".join)
)
@settings(max_examples=150, deadline=None)
def test_no_text_is_too_odd_and_spans_lie_in_it(text: str) -> None:
    reader = SlotReader(BOT, FRIDAY)
    for name in READ:
        found = reader.read(name, text)
        assert all(0 <= one.start < one.end <= len(text) and one.value for one in found)
        assert all(one.end <= other.start for one, other in pairwise(found)), "in order, none twice"
        assert all(reader.shown(name, one.value) for one in found)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a",
            "1",
            " ",
            "-",
            "a-",
            "1 234 ",
            "5 rue a ",
            "via a b ",
            "Aa ",
            "a@",
            "a.b-c+",
            "not the a an on ",
            "三",
            "北京市",
        ),
        *(
            "on the 5th of March or 7 ",
            "one hundred and twenty ",
            "三天后下午三点半两个人",
            "12 Baker Street, ",
            "1-2/3.",
        ),
    ],
)
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    text = (piece * 2000)[:2000]
    reader = SlotReader(BOT, FRIDAY)
    start = time.process_time()
    for name in READ:
        reader.read(name, text)
    assert time.process_time() - start < 1.0, (
        "about 0.05 s a reader at the worst; a pattern that is not linear takes minutes"
    )
