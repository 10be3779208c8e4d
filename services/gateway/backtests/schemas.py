"""``/v1/streams/{stream}/backtest``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from services.gateway.http.bodies.schemas import Body, Reply
from shared.contracts.monitoring.alert_rules import AlertRules
from shared.contracts.monitoring.backtests import MAX_DAYS

_Time = Annotated[int, Field(ge=0, le=253_402_300_799)]


class BacktestRequest(Body):
    """What to try on which past.

    Attributes:
        since: Unix seconds; the hour it falls in is the first.
        until: Unix seconds; the hour it falls in is not counted.
        rules: The stream's own where they are left out.
        false_alarms_per_day: The stream's own where it is left out.
    """

    since: _Time
    until: _Time
    rules: AlertRules | None = None
    false_alarms_per_day: Annotated[float, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _is_a_period(self) -> Self:
        if not 3600 <= self.until - self.since <= MAX_DAYS * 86_400:
            raise ValueError(f"from since to until must be an hour at least and {MAX_DAYS} days at most")
        return self


class PastAlertObject(Reply):
    """An alert that there would have been; see ``AlertObject`` for its fields.

    Attributes:
        incident: Alerts that overlap, or begin within half an hour, share a number.
    """

    incident: int
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


class Hour(Reply):
    """Texts of the whole stream in an hour."""

    start: int
    texts: int
    negative: int


class BacktestObject(Reply):
    """When rules would have fired.

    Attributes:
        scopes: How many were watched.
        incidents: How many times somebody would have been called.
        per_week: The same a week.
    """

    object: Literal["stream.backtest"] = "stream.backtest"
    stream: str
    since: int
    until: int
    scopes: int
    incidents: int
    per_week: float
    alerts: list[PastAlertObject]
    hours: list[Hour]
