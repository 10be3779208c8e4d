from __future__ import annotations

import pytest

from services.monitoring.sentiment.clock_skew import corrected
from shared.contracts.monitoring.sentiment import Observation


@pytest.mark.parametrize(
    ("occurred_at", "counted_at"), [(999.0, 999.0), (1060.0, 1060.0), (1060.5, 1000.0), (9e9, 1000.0), (5.0, 5.0)]
)
def test_only_the_far_future_is_moved_to_now(occurred_at: float, counted_at: float) -> None:
    item = Observation(id="turn_1", stream="chat", intent="greet", sentiment="neutral", occurred_at=occurred_at)
    (result,) = corrected([item], now=1000.0)
    assert result == item.model_copy(update={"occurred_at": counted_at})
