"""What an alert shows for itself: figures, the usual, the documents behind it, and the terms that set them apart."""

from __future__ import annotations

from typing import Any

from services.monitoring.alerts.terms import terms_apart
from services.monitoring.detection.episodes import Finding
from services.monitoring.detection.series import MINUTE, Scope, Series
from shared.contracts.monitoring.alert_rules import AlertRule, Drift, MeanShift, NegativeShare, ShareOfNegatives, Volume
from shared.privacy.masking import masked
from shared.storage.database.engine import Session
from shared.storage.monitoring import documents, sentiment
from shared.storage.monitoring.documents import Behind

#: Ids kept with an alert, and documents shown with it.
_IDS, _SHOWN = 20, 5
#: Texts that are compared, and seconds before the window that they are compared with.
_TEXTS, _BEFORE = 300, 7 * 86_400
#: Minutes of the series kept for a picture.
_PICTURE = 180


def figures(rule: AlertRule, found: Finding, minutes: Series, end: int) -> dict[str, Any]:
    """Counts and probability, as they were when the alert began; times are Unix seconds, a probability is one of chance alone."""
    window = minutes.between(end - found.window * MINUTE, end)
    shown = minutes.between(end - _PICTURE * MINUTE, end)
    texts = float(window.texts.sum())
    return {
        "since": end - found.window * MINUTE,
        "until": end,
        "window_minutes": found.window,
        "observed": round(found.observed, 4),
        "expected": round(found.expected, 4),
        "probability": found.probability,
        "level": found.level,
        "texts": int(texts),
        "negative": int(window.negative.sum()),
        "mean": round(float(window.score.sum()) / texts, 4) if texts else 0.0,
        "measure": measure(rule),
        "series": {
            "start": shown.start,
            "step": MINUTE,
            "texts": shown.texts.tolist(),
            "negative": shown.negative.tolist(),
        },
    }


def measure(rule: AlertRule) -> str:
    """What ``observed`` and ``expected`` are of."""
    if isinstance(rule, ShareOfNegatives | NegativeShare):
        return "share"
    return "mean" if isinstance(rule, MeanShift | Drift) else "texts"


def behind(session: Session, scope: Scope, rule: AlertRule, since: int, until: int) -> tuple[list[str], dict[str, Any]]:
    """Ids of the texts behind an alert, newest first, and the documents and terms to show with it."""
    which = _which(scope, rule, since, until)
    found = documents.behind(session, scope.stream, which, limit=_TEXTS)
    if not found:
        ids = sentiment.evidence(session, scope.stream, since, until, _IDS) if scope.kind == "stream" else []
        return ids, {}
    strongest = sorted(found, key=lambda one: (-abs(one.score), -one.published_at))[:_SHOWN]
    shown = [
        {
            "id": one.id,
            "title": masked(one.title or one.text[:120]),
            "source": one.source,
            "url": one.url,
            "published_at": one.published_at,
            "score": one.score / 1000,
        }
        for one in strongest
    ]
    others = documents.texts(session, scope.stream, _which(scope, rule, since - _BEFORE, since), limit=_TEXTS)
    own = [masked(f"{one.title}\n{one.text}") for one in found]
    terms = [{"term": one.term, "weight": one.weight, "texts": one.texts} for one in terms_apart(own, others)]
    return [one.id for one in found[:_IDS]], {"documents": shown, "terms": terms}


def _which(scope: Scope, rule: AlertRule, since: int, until: int) -> Behind:
    negative = isinstance(rule, ShareOfNegatives | NegativeShare | Drift) or (
        isinstance(rule, MeanShift) and rule.direction == "down"
    )
    felt = rule.sentiment if isinstance(rule, Volume) else "negative" if negative else None
    return Behind(
        since=since,
        until=until,
        entity=scope.name if scope.kind == "entity" else "",
        topic=scope.name if scope.kind == "topic" else None,
        sentiment=felt,
    )
