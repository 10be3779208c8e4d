"""What people are told, in words and as data. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.storage.tables.core import Alert

_RULES = {
    "share_of_negatives": "more negative texts than usual",
    "volume": "more texts than usual",
    "volume_negative": "more negative texts than usual",
    "volume_positive": "more positive texts than usual",
    "mean_shift": "the mood has shifted",
    "drift": "the mood has been drifting for days",
    "silence": "nothing comes",
    "fixed_share": "the share of negative texts has passed its threshold",
    "negative_share": "the share of negative texts has passed its threshold",
    "channel": "an alert channel fails",
    "input_drift": "a model is asked about other texts than it was trained for",
    "out_of_scope": "more texts than at the training belong to no intent",
    "confidence_drift": "a model is not as sure of its answers as at its training",
    "service_down": "no process of a service is there",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert in the state that is told.

    Attributes:
        id: The same with every try.
        event: ``firing``, ``escalated`` or ``resolved``.
    """

    id: str
    event: str
    alert: Alert


def title(notices: Sequence[Notice]) -> str:
    """A line."""
    first = notices[0]
    more = f" and {len(notices) - 1} more" if len(notices) > 1 else ""
    return f"[{first.event.upper()}] {_about(first.alert)}: {_RULES.get(first.alert.rule, first.alert.rule)}{more}"


def words(notices: Sequence[Notice]) -> str:
    """All of it, some lines each."""
    return "\n\n".join(_paragraph(notice) for notice in notices)


def data(notice: Notice) -> dict[str, Any]:
    """For programs: ids, figures and terms."""
    alert, told = notice.alert, ("window_minutes", "observed", "expected", "probability", "measure", "terms", "problem")
    names = ("id", "incident", "stream", "entity", "topic", "rule", "severity", "state", "opened_at", "resolved_at")
    shown = {name: getattr(alert, name) for name in (*names, "share", "volume", "threshold", "evidence")}
    return shown | {name: alert.details[name] for name in told if name in alert.details}


def _about(alert: Alert) -> str:
    return " / ".join(part for part in (alert.stream, alert.entity, alert.topic) if part)


def _paragraph(notice: Notice) -> str:
    alert, details = notice.alert, notice.alert.details
    at = alert.resolved_at if notice.event == "resolved" and alert.resolved_at else alert.opened_at
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [f"{_about(alert)}: {_RULES.get(alert.rule, alert.rule)} ({notice.event}, {alert.severity}), {when}"]
    if "observed" in details:
        window = details["window_minutes"]
        figures = f"{details['measure']} {details['observed']:g}, usual {details['expected']:g}, in {window} min"
        texts = (
            f"{alert.share:.0%} of {alert.volume} texts negative" if "negative" in details else f"{alert.volume} texts"
        )
        lines.append(f"{figures}; {texts}")
    if "problem" in details:
        lines.append(str(details["problem"]))
    lines += [f"- {document['title']}" for document in details.get("documents", [])[:3]]
    if terms := [str(term["term"]) for term in details.get("terms", [])]:
        lines.append("Terms: " + ", ".join(terms))
    lines.append(f"Alert {alert.id}")
    return "\n".join(lines)
