"""Brings notices to their channels: retried with growing pauses, not too many an hour, together where a digest is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import uuid4

from services.monitoring.delivery.channel import Post, Undelivered
from services.monitoring.delivery.message import Notice
from services.monitoring.delivery.table import CHANNELS
from shared.outbound.addresses import AddressRule, Network
from shared.outbound.client import OutboundClient, OutboundRefused
from shared.retrying import Backoff
from shared.storage.database.engine import Database, Session
from shared.storage.monitoring import alert_channels, alerts
from shared.storage.tables.alerts import AlertChannel, AlertNotice
from shared.storage.tables.core import Alert
from shared.telemetry import logs, metrics

#: The stream on which failing channels are told, and the rule.
CHANNELS_STREAM, CHANNEL_RULE = "alert_channels", "channel"
#: Between tries.
_PAUSES = Backoff(first=5.0, longest=1800.0)
#: Seconds after which a notice is given up: it is news no more.
_LIFETIME = 6 * 3600.0
#: Tries in a row after which a channel counts as failing.
_FAILING = 3
#: Seconds for which a try keeps others off.
_HOLD = 120.0
#: Notices in one message.
_TOGETHER = 20
_KEPT = 30 * 86_400.0

_log = logs.get(__name__)


class Courier:
    """Any number of processes may have one.

    Args:
        database: Notices and channels.
        opened: Private networks that may be called.
        clock: Unix seconds.
        pauses: Between tries.
    """

    def __init__(
        self, database: Database, opened: Sequence[Network], clock: Callable[[], float], pauses: Backoff = _PAUSES
    ) -> None:
        self._database = database
        self._client = OutboundClient(opened)
        self._rule = AddressRule(opened)
        self._clock = clock
        self._pauses = pauses

    def deliver_due(self) -> None:
        """Try all that is due, channel by channel.

        Raises:
            Unavailable: The database is away.
        """
        while self._deliver_one():
            pass

    def prune(self) -> None:
        """Forget what was settled long ago."""
        with self._database.transaction() as session:
            alert_channels.prune(session, self._clock() - _KEPT)

    def _deliver_one(self) -> bool:
        now = self._clock()
        with self._database.transaction() as session:
            held = alert_channels.claim(session, token=uuid4().hex, now=now, hold=_HOLD, limit=_TOGETHER)
            if not held:
                return False
            channel = alert_channels.get(session, held[0].channel)
            wait = _wait(session, channel, held, now)
            if wait:
                alert_channels.put_off(session, held, now + wait)
                return True
            notices = [Notice(one.id, one.event, alerts.get(session, one.alert_id)) for one in held]
        self._try(channel, held, notices)
        return True

    def _try(self, channel: AlertChannel, held: Sequence[AlertNotice], notices: Sequence[Notice]) -> None:
        setting = channel.setting.root
        post = Post(self._client, self._rule, self._clock())
        try:
            CHANNELS[type(setting)](setting, notices, post)
        except (Undelivered, OutboundRefused) as error:
            may_retry = isinstance(error, Undelivered) and error.may_retry
            self._note_failure(channel, held, str(error), may_retry=may_retry)
        else:
            self._note_delivery(channel, held)

    def _note_delivery(self, channel: AlertChannel, held: Sequence[AlertNotice]) -> None:
        now = self._clock()
        with self._database.transaction() as session:
            alert_channels.delivered(session, held, now)
            for alert in _about(session, channel):
                alerts.resolve(session, alert.id, share=0.0, volume=0, now=now)
        metrics.ALERT_NOTICES.labels(channel.setting.root.type, "delivered").inc(len(held))

    def _note_failure(
        self, channel: AlertChannel, held: Sequence[AlertNotice], problem: str, *, may_retry: bool
    ) -> None:
        now = self._clock()
        tried = max(one.attempts for one in held) + 1
        again = now + self._pauses.pause(tried - 1)
        may_retry = may_retry and again - min(one.created_at for one in held) < _LIFETIME
        with self._database.transaction() as session:
            alert_channels.undelivered(session, held, problem, retry_at=again if may_retry else None, now=now)
            if tried >= _FAILING or not may_retry:
                self._tell_others(session, channel, problem, now)
        metrics.ALERT_NOTICES.labels(channel.setting.root.type, "retried" if may_retry else "failed").inc(len(held))
        _log.warning("alert channel does not deliver", channel=channel.id, reason=problem, retried=may_retry)

    def _tell_others(self, session: Session, channel: AlertChannel, problem: str, now: float) -> None:
        """A channel that fails is an alert itself, on all others; one that is told of another's failure raises none of its own for that."""
        alert = alerts.open(
            session,
            stream=CHANNELS_STREAM,
            rule=CHANNEL_RULE,
            share=0.0,
            volume=0,
            threshold=0.0,
            evidence=[],
            now=now,
            topic=channel.id,
            details={"problem": f"Channel {channel.id} ({channel.setting.root.type}): {problem}"},
        )
        if alert is not None:
            others = [one.id for one in alert_channels.page(session).items if one.id != channel.id]
            alert_channels.owe(session, alert.id, others, "firing", now)


def _wait(session: Session, channel: AlertChannel, held: Sequence[AlertNotice], now: float) -> float:
    """Seconds until the channel may be told: a digest gathers, and an hour has so many messages only."""
    setting = channel.setting.root
    gathered = min(one.created_at for one in held) + 60.0 * setting.digest_minutes
    if gathered > now:
        return gathered - now
    if alert_channels.told_since(session, channel.id, now - 3600.0) >= setting.per_hour:
        return 3600.0 / setting.per_hour
    return 0.0


def _about(session: Session, channel: AlertChannel) -> list[Alert]:
    return [one for one in alerts.firing(session, CHANNELS_STREAM) if one.topic == channel.id]
