"""Going around: a round begins when the rule says so, trains, and ends in production, with a question, or with the gate's words.

Several gateway processes look at once: each step is one guarded statement, and whoever comes second does nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from services.gateway.jobs.submission import JobSubmission
from services.gateway.loop.preparing import SLOT, DataSets, request_of
from services.gateway.loop.schemas import LoopRule
from services.gateway.models.gate import reasons
from shared.contracts.monitoring.streams import PLATFORM_STREAM
from shared.contracts.training.jobs import FINAL_STATUSES
from shared.errors import ParleyError
from shared.storage.database.engine import Database, Session
from shared.storage.monitoring import alerts
from shared.storage.tables.core import Job
from shared.storage.tables.people import LoopRound
from shared.storage.training import jobs, loops, models
from shared.telemetry import logs

_log = logs.get(__name__)

INTERVAL_SECONDS = 20.0
"""Seconds between two looks."""

#: Seconds after which a round whose process died while it made the rows is begun again by another.
_ABANDONED = 300.0
_HOUR = 3600.0
#: Alerts of the platform that say that customers speak of something else.
_DRIFTS = ("input_drift", "confidence_drift", "out_of_scope")


class Loop:
    """Goes around.

    Args:
        database: Has rules, rounds and corrections.
        data_sets: Makes versions of the data.
        submissions: Takes jobs.
        clock: Unix seconds.
    """

    def __init__(
        self, database: Database, data_sets: DataSets, submissions: JobSubmission, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._data_sets = data_sets
        self._submissions = submissions
        self._clock = clock

    def go_on(self) -> None:
        """Bring every round as far as it is, and begin the next if it is due."""
        with self._database.reading() as session:
            unfinished, rules = loops.unfinished(session), loops.rules(session)
        for one in unfinished:
            self._follow(one)
        for row in rules:
            rule = LoopRule.model_validate(row.rule)
            reason = self._due(rule)
            if reason is not None:
                self.begin(rule, row.key_id, reason)

    def begin(self, rule: LoopRule, key_id: str, reason: str) -> str | None:
        """Begin a round; its id, or ``None`` if another process has begun the same."""
        now = self._clock()
        with self._database.transaction() as session:
            fresh = LoopRound(
                id=f"round_{SLOT}_{loops.count(session, SLOT) + 1}",
                slot=SLOT,
                created_at=now,
                state="preparing",
                reason=reason,
                labelled_until=now,
                corrections=0,
                disagreements=0,
                corrections_file="",
                training_file="",
                before_model=models.production(session, SLOT),
            )
            mine = loops.begin(session, fresh)
        if not mine:
            return None
        self._prepare(fresh, rule, key_id)
        return fresh.id

    def _due(self, rule: LoopRule) -> str | None:
        """Why the next round begins now, if it does."""
        if not rule.enabled:
            return None
        with self._database.reading() as session:
            last = loops.latest(session, SLOT)
            new = loops.new_corrections(session, last.labelled_until if last is not None else 0.0, rule.sources)
            since = last.created_at if last is not None else 0.0
            drift = _drift(session, since) if rule.on_drift and new else None
        if not new or (last is not None and last.state in loops.OPEN):
            return None
        if rule.new_labels is not None and new >= rule.new_labels:
            return f"{new} new corrections"
        if drift is not None:
            return f"drift ({drift}), and {new} new corrections"
        if rule.every_hours is not None and self._clock() - since >= rule.every_hours * _HOUR:
            return f"{rule.every_hours:g} hours have passed, and {new} turns were corrected"
        return None

    def _follow(self, one: LoopRound) -> None:
        if one.state == "preparing":
            self._prepare_again(one)
        elif one.state == "training":
            with self._database.reading() as session:
                job = jobs.get(session, one.job_id or "")
            if job.status in FINAL_STATUSES:
                self._end(one, job)
        else:
            self._notice_decision(one)

    def _prepare_again(self, one: LoopRound) -> None:
        if self._clock() - one.created_at < _ABANDONED:
            return
        with self._database.reading() as session:
            row = loops.rule(session, one.slot)
        if row is None:
            self._move(one, "preparing", state="failed", outcome="The rule was removed.", finished_at=self._clock())
        else:
            self._prepare(one, LoopRule.model_validate(row.rule), row.key_id)

    def _prepare(self, one: LoopRound, rule: LoopRule, key_id: str) -> None:
        try:
            version = self._data_sets.version(rule, key_id, one.labelled_until)
            with self._database.reading() as session:
                request = request_of(session, rule, version)
            job = self._submissions.submit(request, key_id, f"loop-{one.id}", is_retry=False)
        except ParleyError as error:
            if error.retryable:
                _log.warning("a round of the loop cannot begin yet", round=one.id, reason=error.message)
                return
            self._move(one, "preparing", state="failed", outcome=error.message, finished_at=self._clock())
            return
        files = {
            "base_file": version.base,
            "corrections_file": version.corrections,
            "training_file": version.training,
            "corrections": version.rows.count,
            "disagreements": version.rows.disagreements,
        }
        self._move(one, "preparing", state="training", job_id=job.id, **files)
        _log.info("a round of the loop trains", round=one.id, job=job.id, corrections=version.rows.count)

    def _end(self, one: LoopRound, job: Job) -> None:
        if job.status != "succeeded" or job.fine_tuned_model is None:
            why = (job.error or {}).get("message", f"The job was {job.status}.")
            self._move(one, "training", state="failed", outcome=why, finished_at=self._clock())
            return
        with self._database.reading() as session:
            outcome = _outcome(session, job.fine_tuned_model, job)
        ended = None if outcome.state == "asking" else self._clock()
        self._move(one, "training", model_id=job.fine_tuned_model, finished_at=ended, **dataclasses.asdict(outcome))
        _log.info("a round of the loop has a model", round=one.id, model=job.fine_tuned_model, state=outcome.state)

    def _notice_decision(self, one: LoopRound) -> None:
        """A model that somebody promoted by hand, elsewhere, answers the question as well."""
        with self._database.reading() as session:
            promoted = models.production(session, one.slot) == one.model_id
        if promoted:
            self._move(one, "asking", state="promoted", outcome="A person promoted it.", finished_at=self._clock())

    def _move(self, one: LoopRound, before: str, **changes: Any) -> None:
        with self._database.transaction() as session:
            loops.move(session, one.id, before, **changes)


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """How a round ends.

    Attributes:
        state: See ``RoundObject``.
        outcome: In a sentence.
    """

    state: str
    outcome: str


def _drift(session: Session, since: float) -> str | None:
    """The rule by which the platform has noticed, after ``since``, that its model is asked other things than it was trained for."""
    told = alerts.firing(session, PLATFORM_STREAM)
    return next(
        (one.rule for one in told if one.entity == SLOT and one.rule in _DRIFTS and one.opened_at > since), None
    )


def _outcome(session: Session, model_id: str, job: Job) -> Outcome:
    model = models.get(session, model_id)
    if models.production(session, SLOT) == model_id:
        return Outcome("promoted", "The gate let it pass.")
    if model.gate is not None and not model.gate["passed"]:
        return Outcome("refused", f"The gate refused it: {'; '.join(reasons(model.gate))}.")
    if job.spec.promotion.mode == "auto":
        return Outcome("refused", "Another model went into production meanwhile.")
    return Outcome("asking", "The gate lets it pass. Shall it go into production?")
