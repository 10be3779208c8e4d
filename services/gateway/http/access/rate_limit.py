"""A token bucket for each key: bursts up to a minute's worth, then the steady rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from threading import Lock

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key may still do.

    Attributes:
        allowed: Whether this request may go on.
        limit: Requests per minute.
        remaining: Requests that may follow at once.
        reset_seconds: Until the bucket is full again.
        retry_seconds: Until the next request may go on; 0 when it may at once.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: float
    retry_seconds: float

    def headers(self) -> dict[str, str]:
        """The convention's ``x-ratelimit-*`` headers."""
        return {
            "x-ratelimit-limit-requests": str(self.limit),
            "x-ratelimit-remaining-requests": str(self.remaining),
            "x-ratelimit-reset-requests": f"{self.reset_seconds:.3f}s",
        }


class RateLimiter:
    """The buckets of this process. A bucket is born full and forgotten once it is full again."""

    #: Buckets looked through for full ones when there are so many.
    SWEEP_AT = 10_000

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, key_id: str, per_minute: int, now: float) -> Allowance:
        """Take one request out of a key's bucket.

        Args:
            key_id: Whose bucket.
            per_minute: Capacity of the bucket and, over a minute, the rate at which it fills.
            now: Seconds of a monotonic clock.
        """
        rate = per_minute / MINUTE
        with self._lock:
            tokens, filled_at = self._buckets.get(key_id, (float(per_minute), now))
            tokens = min(float(per_minute), tokens + (now - filled_at) * rate)
            allowed = tokens >= 1.0
            tokens -= allowed
            self._buckets[key_id] = (tokens, now)
            if len(self._buckets) > self.SWEEP_AT:
                self._forget_idle(now)
        return Allowance(
            allowed=allowed,
            limit=per_minute,
            remaining=math.floor(tokens),
            reset_seconds=(per_minute - tokens) / rate,
            retry_seconds=max(0.0, (1.0 - tokens) / rate),
        )

    def _forget_idle(self, now: float) -> None:
        """After a minute of rest any bucket is full, whatever its rate."""
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if now - bucket[1] < MINUTE}
