from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.http.access.rate_limit import RateLimiter


def test_a_burst_of_a_minute_then_the_steady_rate() -> None:
    limiter = RateLimiter()
    burst = [limiter.take("k", 60, 0.0) for _ in range(61)]
    assert [allowance.allowed for allowance in burst] == [True] * 60 + [False]
    assert burst[0].remaining == 59
    assert burst[-1].retry_seconds == 1.0
    assert limiter.take("k", 60, 1.0).allowed
    assert not limiter.take("k", 60, 1.5).allowed


def test_keys_do_not_share_a_bucket() -> None:
    limiter = RateLimiter()
    assert limiter.take("a", 1, 0.0).allowed
    assert limiter.take("b", 1, 0.0).allowed
    assert not limiter.take("a", 1, 0.0).allowed


@given(st.integers(1, 600), st.lists(st.floats(0, 5), max_size=200))
def test_no_minute_sees_more_than_twice_the_rate(per_minute: int, pauses: list[float]) -> None:
    limiter, now, allowed = RateLimiter(), 0.0, list[float]()
    for pause in pauses:
        now += pause
        allowance = limiter.take("k", per_minute, now)
        assert 0 <= allowance.remaining <= per_minute
        if allowance.allowed:
            allowed.append(now)
        else:
            assert allowance.retry_seconds > 0
    for begin in allowed:
        assert sum(begin <= time < begin + 60 for time in allowed) <= 2 * per_minute


def test_idle_buckets_are_forgotten() -> None:
    limiter = RateLimiter()
    for number in range(limiter.SWEEP_AT):
        limiter.take(f"key {number}", 60, 0.0)
    limiter.take("late", 60, 120.0)
    assert len(limiter._buckets) == 1
