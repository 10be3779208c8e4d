"""What monitoring remembers of a stream while it judges: what is usual for each scope, and the minutes of the last two days.

Learned anew at every full hour of the stream's clock; in between only the newest minutes are read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from services.monitoring.detection.series import HOUR, MINUTE, Scope, Series, Step
from services.monitoring.detection.usual import BURST_DAYS, GUARD, HISTORY_DAYS, Usual, learn
from shared.contracts.monitoring.alert_rules import ScopeKind
from shared.storage.database.engine import Session
from shared.storage.monitoring import trends

#: Scopes of a kind that are watched: those with the most texts in the last week.
MAX_SCOPES = 200
#: Texts of the last week without which a scope is not watched: nothing could be said of it.
_LEAST_TEXTS = 5
#: Seconds that a text may be late and still be judged.
LATENESS = 30 * MINUTE
_DAY = 86_400
_KINDS: tuple[ScopeKind, ...] = ("stream", "entity", "topic")


@dataclass(slots=True)
class Learned:
    """What was learned of a stream at a full hour."""

    hour: int
    usual: dict[Scope, Usual] = field(default_factory=dict)
    minutes: dict[Scope, Series] = field(default_factory=dict)


class StreamHistories:
    """Streams as they were learned last. Not safe to share between threads."""

    def __init__(self) -> None:
        self._streams: dict[str, Learned] = {}

    def scopes(self, session: Session, stream: str, now: int) -> dict[Scope, tuple[Usual, Series]]:
        """Each scope worth watching, with what is usual and its minutes up to and with the one that ``now`` ends."""
        learned = self._streams.get(stream)
        if learned is None or learned.hour != now // HOUR * HOUR:
            learned = self._streams[stream] = _learn(session, stream, now // HOUR * HOUR)
        since = learned.hour - LATENESS
        fresh = counts_of(session, stream, since, now, MINUTE)
        empty: list[Step] = []
        told = {}
        for scope in {*learned.usual, *(scope for scope in fresh if scope.kind == "stream")}:
            usual = learned.usual.get(scope) or learn(_hours(empty, learned.hour))
            newest = Series.of(fresh.get(scope, empty), since=since, until=now, step=MINUTE)
            told[scope] = (usual, _joined(learned.minutes.get(scope), newest, learned.hour))
        return told

    def forget(self, stream: str) -> None:
        """Of a stream that is gone, or declared anew."""
        self._streams.pop(stream, None)


def _learn(session: Session, stream: str, hour: int) -> Learned:
    until = hour - GUARD
    hours = counts_of(session, stream, until - HISTORY_DAYS * _DAY, until, HOUR)
    lately = counts_of(session, stream, hour - 7 * _DAY, hour + HOUR, HOUR)
    watched = most_texts(lately)
    minutes = counts_of(session, stream, until - BURST_DAYS * _DAY, hour, MINUTE)
    learned = Learned(hour)
    for scope in watched:
        steps = Series.of(minutes.get(scope, []), since=until - BURST_DAYS * _DAY, until=hour, step=MINUTE)
        learned.minutes[scope] = steps
        learned.usual[scope] = learn(_hours(hours.get(scope, []), hour), steps.between(steps.start, until))
    return learned


def _hours(steps: Iterable[Step], hour: int) -> Series:
    until = hour - GUARD
    return Series.of(steps, since=until - HISTORY_DAYS * _DAY, until=until, step=HOUR)


def most_texts(counts: dict[Scope, list[Step]]) -> list[Scope]:
    """Those worth watching, the fullest of each kind first."""
    volumes = {scope: sum(step.texts for step in steps) for scope, steps in counts.items()}
    kept: list[Scope] = []
    for kind in _KINDS:
        mine = [scope for scope, texts in volumes.items() if scope.kind == kind and texts >= _LEAST_TEXTS]
        kept += sorted(mine, key=lambda scope: (-volumes[scope], scope.name))[:MAX_SCOPES]
    return kept


def _joined(before: Series | None, newest: Series, hour: int) -> Series:
    """The minutes as they were learned, with the newest ones in place of theirs."""
    if before is None:
        before = Series.of([], since=hour - _DAY, until=hour, step=MINUTE)
    return before.between(before.start, newest.start).followed_by(newest)


def counts_of(session: Session, stream: str, since: int, until: int, step: int) -> dict[Scope, list[Step]]:
    """Counts by scope: the whole stream, each entity, each topic."""
    found: dict[Scope, list[Step]] = defaultdict(list)
    read = partial(trends.series, session, stream, since=since, until=until, step=step)
    rows = [
        *(("stream", "", row) for row in read()),
        *(("entity", row.entity, row) for row in read(entity=None, group=("entity",))),
        *(("topic", row.topic, row) for row in read(group=("topic",)) if row.topic),
    ]
    kinds: dict[str, ScopeKind] = {kind: kind for kind in _KINDS}
    for kind, name, row in rows:
        one = Step(row.start, row.texts, row.negative, row.positive, row.score / 1000)
        found[Scope(stream, kinds[kind], name)].append(one)
    return found
