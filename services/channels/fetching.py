"""Channels that post nothing by themselves are read every so often; how far, is noted with what came."""

from __future__ import annotations

from collections.abc import Callable

from services.channels.incoming import keep
from services.channels.kinds.kind import Fetched
from services.channels.kinds.table import FETCHED, KINDS
from shared.errors import ParleyError
from shared.outbound.client import OutboundClient
from shared.storage.chat import channels
from shared.storage.database.engine import Database
from shared.storage.tables.channels import Channel
from shared.telemetry import logs, metrics

_log = logs.get(__name__)

#: Seconds after which another process goes on with a channel whose reader died.
_HOLD = 180.0
_HOUR = 3600.0
_TROUBLE = "it cannot be read: "


class Fetching:
    """Reads channels whose time has come. One process reads a channel at a time; what two read is kept once.

    Args:
        database: Where channels and messages are.
        client: Calls where it may.
        on_kept: Is told that there is something to work at.
        seconds: Between two looks into a channel.
        clock: Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        client: OutboundClient,
        on_kept: Callable[[], None],
        seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._client = client
        self._on_kept = on_kept
        self._seconds = seconds
        self._clock = clock

    def look(self) -> None:
        """Read each channel that is due."""
        with self._database.transaction() as session:
            held = channels.begin_fetch(session, kinds=FETCHED, now=self._clock(), hold=_HOLD)
        for channel in held:
            self._read(channel)

    def _read(self, channel: Channel) -> None:
        setting = channel.setting.root
        fetch = KINDS[type(setting)].fetch
        if fetch is None:
            return
        try:
            fetched = fetch(setting, channel.cursor, self._client, self._clock())
        except ParleyError as error:
            _log.warning("channel cannot be read; tried again", channel=channel.id, reason=error.message)
            with self._database.transaction() as session:
                channels.finish_fetch(session, channel, channel.cursor, self._clock() + self._seconds)
                channels.trouble(session, channel.id, _TROUBLE + error.message)
            return
        if new := self._keep(channel, fetched):
            metrics.CHANNEL_MESSAGES.labels(setting.type, "received").inc(new)
            self._on_kept()
        metrics.CHANNEL_MESSAGES.labels(setting.type, "left").inc(fetched.left)

    def _keep(self, channel: Channel, fetched: Fetched) -> int:
        now, new = self._clock(), 0
        most = getattr(channel.setting.root, "per_hour", None)
        with self._database.transaction() as session:
            for message in fetched.messages:
                sender = message.thread.partition("/")[0] + "/"
                if most is not None and channels.came_since(session, channel.id, sender, now - _HOUR) >= most:
                    _log.warning("a sender writes too often; left unanswered", channel=channel.id)
                    continue
                new += keep(session, channel, (message,), now)
            # A full fetch leaves more: it goes on at once.
            channels.finish_fetch(
                session, channel, fetched.cursor, now + (0.0 if fetched.is_partial else self._seconds)
            )
            if (channel.problem or "").startswith(_TROUBLE):
                channels.trouble(session, channel.id, None)
        return new
