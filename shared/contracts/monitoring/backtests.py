"""When rules would have fired on what was counted: the question to monitoring, and its answer."""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.message import REPLY, Exchange, Message, Route, Value
from shared.contracts.monitoring.alert_rules import AlertRule

MAX_DAYS = 31
"""Of one back-test."""


class BacktestStream(Message):
    """Judge a period of a stream by rules, as if they had watched it.

    Attributes:
        since: Unix seconds, a full hour.
        until: Unix seconds, a full hour.
    """

    TYPE: ClassVar[str] = "stream.backtest"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "monitoring.backtest")

    stream: str
    since: int
    until: int
    rules: tuple[AlertRule, ...]
    false_alarms_per_day: float


class PastAlert(Value):
    """An alert that there would have been.

    Attributes:
        opened_at: Unix seconds.
        resolved_at: Unix seconds; ``None``: it would still fire at the end.
        level: The probability below which it fires.
    """

    rule: str
    entity: str
    topic: str
    opened_at: int
    resolved_at: int | None
    window_minutes: int
    observed: float
    expected: float
    probability: float
    level: float
    volume: int


class StreamBacktested(Message):
    """What would have been.

    Attributes:
        alerts: Oldest first; at most a thousand.
        scopes: How many were watched.
        hours: Texts by hour of the whole stream: ``(start, texts, negative)``.
    """

    TYPE: ClassVar[str] = "stream.backtested"
    ROUTE: ClassVar[Route] = REPLY

    alerts: tuple[PastAlert, ...]
    scopes: int
    hours: tuple[tuple[int, int, int], ...]
