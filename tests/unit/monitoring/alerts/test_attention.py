"""Which minutes nobody watched, and which a clock told twice."""

from __future__ import annotations

from services.monitoring.alerts.attention import Attention


def look(attention: Attention, wall: float, monotonic: float, *, cut_off: bool = False) -> bool:
    jumped = attention.look(wall, monotonic, cut_off=cut_off)
    attention.looked(wall)
    return jumped


def test_all_is_watched_while_looks_follow_one_another() -> None:
    attention = Attention(1000.0, 0.0)
    for second in range(1, 300):
        assert not look(attention, 1000.0 + second, float(second))
    assert (attention.watched_since, attention.repeated_until) == (1000.0, 0.0)


def test_what_was_missed_or_cut_off_is_not_watched() -> None:
    attention = Attention(1000.0, 0.0)
    look(attention, 1600.0, 600.0)
    assert attention.watched_since == 1600.0
    look(attention, 1660.0, 660.0, cut_off=True)
    look(attention, 1720.0, 720.0)
    assert attention.watched_since == 1660.0


def test_a_clock_that_is_set_back_tells_minutes_twice() -> None:
    attention = Attention(10_000.0, 0.0)
    assert look(attention, 13_610.0, 10.0)
    assert (attention.watched_since, attention.repeated_until) == (13_610.0, 0.0)
    assert look(attention, 10_020.0, 20.0)
    assert (attention.watched_since, attention.repeated_until) == (10_020.0, 13_610.0)
