"""How far counting is behind: how long documents were on their way, and how many came long after they were published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.contracts.monitoring.streams import StreamDocument
from shared.storage.database.engine import Session
from shared.storage.monitoring import troubles
from shared.telemetry import metrics

#: Seconds after its publication from which a document counts as late: nobody judges minutes that are so long over.
LATE_SECONDS = 86_400.0
#: Seconds on the way from which a backlog drains.
BEHIND_SECONDS = 120.0


class IngestLag:
    """How long the newest batch was on its way. Thread-safe: one value, replaced.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: tuple[float, float] | None = None

    def counted(self, received_at: float) -> None:
        """Documents that were accepted then are counted now."""
        now = self._clock()
        lag = max(0.0, now - received_at)
        metrics.DOCUMENT_LAG.observe(lag)
        self._last = now, lag

    def is_behind(self) -> bool:
        """Whether a backlog drains: what is counted now came a while ago, and what comes now is counted later."""
        if self._last is None:
            return False
        at, lag = self._last
        return lag > BEHIND_SECONDS and self._clock() - at < BEHIND_SECONDS

    def facts(self) -> Mapping[str, Any]:
        """For the status: when documents were counted last, and how long they had been on their way."""
        if self._last is None:
            return {}
        at, lag = self._last
        return {"documents_counted_at": round(at, 1), "document_lag_seconds": round(lag, 3)}


def note_late(session: Session, stream: str, documents: Sequence[StreamDocument], received_at: float) -> None:
    """Note in the platform's troubles how many documents came a day and more after they were published."""
    late = sum(received_at - one.published_at > LATE_SECONDS for one in documents)
    if late:
        detail = "Documents came more than a day after they were published: they are counted where they belong, and raise no alert."
        troubles.note(session, "late_documents", received_at, received_at, detail, subject=stream, count=late)
