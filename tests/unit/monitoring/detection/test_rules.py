"""What each rule finds in streams with a known surge, and that it keeps still otherwise."""

from __future__ import annotations

import pytest

from services.monitoring.detection.budget import Budget
from services.monitoring.detection.episodes import Finding, episodes
from services.monitoring.detection.series import MINUTE, Series
from services.monitoring.detection.table import judge
from services.monitoring.detection.usual import Usual
from shared.contracts.monitoring.alert_rules import (
    FALSE_ALARMS_PER_DAY,
    AlertRule,
    Drift,
    MeanShift,
    NegativeShare,
    ShareOfNegatives,
    Silence,
    Volume,
    default_rules,
)
from tests.unit.monitoring.detection.streams import DAY, added, stream, usual_at

#: Noon of the 22nd day.
NOON = 21 * DAY + 720


@pytest.fixture(scope="module")
def quiet() -> Series:
    return stream(22, 120.0)


@pytest.fixture(scope="module")
def usual(quiet: Series) -> Usual:
    return usual_at(quiet, quiet.start + NOON * MINUTE)


def found(rule: AlertRule, series: Series, usual: Usual, *, at: int = NOON, scopes: int = 1) -> Finding | None:
    """What is found in the hour from a position on."""
    piece = series.between(series.start + (at - DAY) * MINUTE, series.start + (at + 60) * MINUTE)
    judgement = judge(rule, piece, usual, 60)
    alerts = episodes(judgement, Budget(FALSE_ALARMS_PER_DAY, scopes, len(default_rules())).levels(judgement))
    return alerts[0].found if alerts else None


@pytest.mark.parametrize("rule", [*default_rules(), Silence(), NegativeShare()], ids=lambda rule: str(rule.type))
def test_a_usual_hour_raises_nothing(rule: AlertRule, quiet: Series, usual: Usual) -> None:
    assert found(rule, quiet, usual) is None


def test_three_times_the_texts_are_found_within_minutes(quiet: Series, usual: Usual) -> None:
    surge = found(Volume(), added(quiet, NOON, negative=2.2, positive=5.0), usual)
    assert surge is not None
    assert surge.minute < 5
    assert surge.observed > 2 * surge.expected
    assert surge.probability <= surge.level


def test_a_thousand_scopes_cost_a_surge_a_little_time_and_chance_no_alarm(quiet: Series, usual: Usual) -> None:
    surge = found(Volume(), added(quiet, NOON, negative=2.2, positive=5.0), usual, scopes=1000)
    assert surge is not None
    assert surge.minute < 8
    assert found(Volume(), quiet, usual, scopes=1000) is None


def test_half_as_many_texts_again_are_found_beside_the_hours_before(quiet: Series, usual: Usual) -> None:
    surge = found(Volume(), added(quiet, NOON, negative=1.2, positive=2.4), usual)
    assert surge is not None
    assert found(Volume(factor=2.5), added(quiet, NOON, negative=1.2, positive=2.4), usual) is None


def test_more_negatives_among_as_many_texts_are_found(quiet: Series, usual: Usual) -> None:
    turned = added(quiet, NOON, negative=1.0, positive=-1.0)
    surge = found(ShareOfNegatives(), turned, usual)
    assert surge is not None
    assert surge.observed > surge.expected + 0.1
    assert found(Volume(), turned, usual) is None
    assert found(ShareOfNegatives(rise=0.68), turned, usual) is None


def test_a_mean_that_falls_is_found_in_its_direction_only(quiet: Series, usual: Usual) -> None:
    fallen = added(quiet, NOON, negative=1.0, positive=-1.0)
    surge = found(MeanShift(), fallen, usual)
    assert surge is not None
    assert surge.observed < surge.expected - 0.2
    assert found(MeanShift(direction="up"), fallen, usual) is None


def test_silence_is_found_where_texts_were_to_come(quiet: Series, usual: Usual) -> None:
    empty = Series(
        quiet.start, MINUTE, *(column.copy() for column in (quiet.texts, quiet.negative, quiet.positive, quiet.score))
    )
    empty.texts[NOON:] = 0.0
    surge = found(Silence(), empty, usual)
    assert surge is not None
    assert surge.minute < 20
    night = usual_at(stream(22, 3.0), quiet.start + NOON * MINUTE)
    assert found(Silence(), empty, night) is None  # of three an hour, an hour without is no news


def test_a_mood_that_creeps_away_is_found_though_no_window_sees_it() -> None:
    series = stream(35, 60.0)
    for day in range(28, 35):
        series = added(series, day * DAY, negative=0.012, positive=-0.012)
    usual = usual_at(series, series.end)
    assert found(Drift(), series, usual, at=len(series) - 60) is not None
    assert found(Drift(direction="up"), series, usual, at=len(series) - 60) is None
    assert found(MeanShift(), series, usual, at=len(series) - 60) is None


def test_a_fixed_threshold_needs_no_history(quiet: Series) -> None:
    nothing = usual_at(quiet, quiet.start)
    assert nothing.is_learning
    angry = added(quiet, NOON, negative=9.0)
    alarm = found(NegativeShare(share=0.8, window_minutes=5, min_volume=20), angry, nothing)
    assert alarm is not None
    assert alarm.observed >= 0.8
    assert alarm.volume >= 20


def test_few_texts_are_no_surge(usual: Usual) -> None:
    night = stream(22, 120.0, nightly=0.001)
    known = usual_at(night, night.start + 21 * DAY * MINUTE)
    some = added(night, 21 * DAY + 1, negative=0.0)
    some.texts[21 * DAY + 5 : 21 * DAY + 9] += 1
    assert found(Volume(), some, known, at=21 * DAY) is None


def test_an_alert_lasts_as_long_as_the_surge_and_is_not_raised_again_by_what_is_over(
    quiet: Series, usual: Usual
) -> None:
    surge = added(added(quiet, NOON, positive=8.0), NOON + 20, positive=-8.0)
    piece = surge.between(quiet.start + (NOON - DAY) * MINUTE, quiet.start + (NOON + 240) * MINUTE)
    judgement = judge(Volume(), piece, usual, 240)
    alerts = episodes(judgement, Budget(FALSE_ALARMS_PER_DAY).levels(judgement))
    assert len(alerts) == 1
    assert alerts[0].end is not None
    assert 20 <= alerts[0].end <= 45
