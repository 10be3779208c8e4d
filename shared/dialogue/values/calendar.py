"""Reckoning with days: from words such as "next Friday" to a day."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How days are meant.

    Attributes:
        today: The day that relative words count from.
        day_first: Whether 03/05 is the third of May. Where only one reading is a day, that one holds.
        past: Whether days without a year lie behind (a purchase) or ahead (a journey).
    """

    today: date
    day_first: bool = True
    past: bool = False

    def fits(self, day: date) -> bool:
        """Whether the day lies on the right side of today; today itself does."""
        return day <= self.today if self.past else day >= self.today

    def nearest(self, day: int, month: int) -> date | None:
        """The day without a year: from today on, or up to today."""
        years = range(self.today.year, self.today.year + (-9 if self.past else 9), -1 if self.past else 1)
        return self._first(day_of(year, month, day) for year in years)

    def nearest_in_month(self, day: int) -> date | None:
        """The day without a month: from today on, or up to today."""
        step = -1 if self.past else 1
        months = (self.today.year * 12 + self.today.month - 1 + step * ahead for ahead in range(12))
        return self._first(day_of(month // 12, month % 12 + 1, day) for month in months)

    def in_month(self, day: int, ahead: int) -> date | None:
        """A day of the month that lies ``ahead`` months from this one; day 0 is its last."""
        month = self.today.year * 12 + self.today.month - 1 + ahead
        return month_day(month // 12, month % 12 + 1, day)

    def after_months(self, count: int) -> date | None:
        """Today in some months, or the last day of a shorter month."""
        return self.in_month(self.today.day, count) or self.in_month(0, count)

    def after(self, days: int) -> date | None:
        """The day in some days; ``None`` beyond the end of time."""
        return moved(self.today, days)

    def weekday(self, wanted: int, which: str = "") -> date | None:
        """A weekday.

        Args:
            wanted: 0 is Monday.
            which: ``next`` lies in the next calendar week, ``this`` may be today, ``last`` lies behind; else the first one
                after today, or before it where days lie behind.
        """
        ahead = (wanted - self.today.weekday()) % 7
        if which == "next":
            return self.in_week(wanted, 1)
        if which == "last" or (self.past and not which):
            return self.after(ahead - 7)
        return self.after(ahead if which == "this" else ahead or 7)

    def in_week(self, weekday: int, ahead: int) -> date | None:
        """A weekday of the calendar week that lies ``ahead`` weeks from this one."""
        return self.after(7 * ahead - self.today.weekday() + weekday)

    def _first(self, days: Iterable[date | None]) -> date | None:
        return next((day for day in days if day and self.fits(day)), None)


def day_of(year: int, month: int, day: int) -> date | None:
    """A day, or ``None`` if there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month_day(year: int, month: int, day: int) -> date | None:
    """A day of a month; day 0 is its last."""
    if day or not date.min.year <= year <= date.max.year:
        return day_of(year, month, day)
    return date(year, month, monthrange(year, month)[1])


def moved(day: date, days: int) -> date | None:
    """A day some days later, or ``None`` beyond the end of time."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def spoken(day: date) -> str:
    """A day as an English sentence shows it, e.g. ``Saturday 14 March 2026``."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"
