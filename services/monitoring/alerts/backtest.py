"""When rules would have fired: the same functions as watch the present, on minutes that are past.

What is usual is learned anew every six hours, from what was known then; whoever watches the present learns every hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from services.monitoring.alerts.history import counts_of, most_texts
from services.monitoring.alerts.incidents import place
from services.monitoring.detection.budget import Budget
from services.monitoring.detection.episodes import Episode, episodes
from services.monitoring.detection.judgement import Judgement
from services.monitoring.detection.series import HOUR, MINUTE, Scope, Series
from services.monitoring.detection.table import WITHOUT_HISTORY, judge
from services.monitoring.detection.usual import BURST_DAYS, GUARD, HISTORY_DAYS, learn
from shared.contracts.monitoring.alert_rules import AlertRule, rule_name
from shared.contracts.monitoring.backtests import BacktestStream, PastAlert, StreamBacktested
from shared.errors import InvalidInput
from shared.storage.database.engine import Database

#: Seconds for which what was learned is used.
_PIECE = 6 * HOUR
_DAY = 86_400
#: Days times scopes: some minutes of work.
_MOST = 400
#: Scopes that are watched at most, those with the most texts.
_SCOPES = 50
_ALERTS = 1_000


def backtest(database: Database, asked: BacktestStream) -> StreamBacktested:
    """All alerts of a period.

    Raises:
        InvalidInput: Too many scopes for so long a period.
    """
    history = (BURST_DAYS + 1) * _DAY
    with database.reading() as session:
        hours = counts_of(session, asked.stream, asked.since - HISTORY_DAYS * _DAY - GUARD, asked.until, HOUR)
        minutes = counts_of(session, asked.stream, asked.since - history, asked.until, MINUTE)
    kinds = {kind for rule in asked.rules for kind in rule.scopes}
    watched = [scope for scope in most_texts(minutes) if scope.kind in kinds][:_SCOPES]
    days = (asked.until - asked.since) / _DAY
    if days * len(watched) > _MOST:
        raise InvalidInput(
            f"{len(watched)} scopes over {days:g} days are too much for one back-test; ask for {int(_MOST / len(watched))} days, or for rules of "
            "fewer scopes.",
            param="since",
        )
    budget = Budget(asked.false_alarms_per_day, len(watched), len(asked.rules))
    found: list[PastAlert] = []
    for scope in watched:
        by_hour = Series.of(
            hours.get(scope, []), since=asked.since - HISTORY_DAYS * _DAY - GUARD, until=asked.until, step=HOUR
        )
        by_minute = Series.of(minutes.get(scope, []), since=asked.since - history, until=asked.until, step=MINUTE)
        found += _of_scope(scope, asked, by_hour, by_minute, budget)
    whole = hours.get(Scope(asked.stream), [])
    told = tuple((one.start, one.texts, one.negative) for one in whole if one.start >= asked.since)
    return StreamBacktested(
        alerts=tuple(sorted(found, key=lambda one: one.opened_at)[:_ALERTS]), scopes=len(watched), hours=told
    )


def _of_scope(
    scope: Scope, asked: BacktestStream, hours: Series, minutes: Series, budget: Budget
) -> Iterator[PastAlert]:
    rules = [rule for rule in asked.rules if scope.kind in rule.scopes]
    judged: dict[str, list[Judgement]] = {rule_name(rule): [] for rule in rules}
    for start in range(asked.since, asked.until, _PIECE):
        end = min(start + _PIECE, asked.until)
        known = start - GUARD
        usual = learn(
            hours.between(known - HISTORY_DAYS * _DAY, known), minutes.between(known - BURST_DAYS * _DAY, known)
        )
        seen = minutes.between(start - _DAY, end)
        for rule in rules:
            judgement = judge(rule, seen, usual, (end - start) // MINUTE)
            can_tell = isinstance(rule, WITHOUT_HISTORY) or not usual.is_learning
            judged[rule_name(rule)].append(judgement if can_tell else _mute(judgement))
    for rule in rules:
        whole = _joined(judged[rule_name(rule)])
        for one in episodes(whole, budget.levels(whole)):
            yield _alert(scope, rule, one, asked.since)


def _mute(judgement: Judgement) -> Judgement:
    nothing = np.zeros_like(judgement.matters)
    return Judgement(
        judgement.windows,
        judgement.looks,
        judgement.probability,
        judgement.observed,
        judgement.expected,
        judgement.volume,
        nothing,
    )


def _joined(pieces: Sequence[Judgement]) -> Judgement:
    columns = [
        np.concatenate([getattr(piece, name) for piece in pieces], axis=1)
        for name in ("probability", "observed", "expected", "volume", "matters")
    ]
    return Judgement(pieces[0].windows, pieces[0].looks, *columns)


def _alert(scope: Scope, rule: AlertRule, one: Episode, since: int) -> PastAlert:
    entity, topic = place(scope)
    found = one.found
    return PastAlert(
        rule=rule_name(rule),
        entity=entity,
        topic=topic,
        opened_at=since + (found.minute + 1) * MINUTE,
        resolved_at=None if one.end is None else since + (one.end + 1) * MINUTE,
        window_minutes=found.window,
        observed=round(found.observed, 4),
        expected=round(found.expected, 4),
        probability=found.probability,
        level=found.level,
        volume=int(found.volume),
    )
