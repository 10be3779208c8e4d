"""What comes to the door of a channel: judged, read, and kept before the door answers. What comes twice is kept once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from http import HTTPStatus

from services.channels.incoming import keep
from services.channels.kinds.kind import Event, Incoming, Refused
from services.channels.kinds.table import KINDS
from shared.contracts.channels import ChannelEventAnswered, ChannelEventReceived
from shared.errors import NotFound
from shared.storage.chat import channels
from shared.storage.database.engine import Database
from shared.storage.tables.channels import Channel
from shared.telemetry import logs, metrics

_log = logs.get(__name__)


class Door:
    """Takes events in.

    Args:
        database: Where channels and messages are.
        on_kept: Is told that there is something to work at.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, on_kept: Callable[[], None], clock: Callable[[], float]) -> None:
        self._database = database
        self._on_kept = on_kept
        self._clock = clock

    def answer(self, event: ChannelEventReceived) -> ChannelEventAnswered:
        """Keep what it holds; the answer says that it is kept, or why it is not.

        Raises:
            NotFound: There is no such channel.
            Unavailable: The database is away; whoever sent it sends it again.
        """
        with self._database.reading() as session:
            channel = channels.get(session, event.channel_id)
        setting, now = channel.setting.root, self._clock()
        told = Event(event.headers, base64.b64decode(event.body), now, event.query)
        try:
            received = KINDS[type(setting)].receive(setting, told)
        except Refused as refused:
            _log.warning("event of a channel refused", channel=channel.id, reason=str(refused))
            metrics.CHANNEL_MESSAGES.labels(setting.type, "refused").inc()
            return ChannelEventAnswered(
                status=int(refused.status), body=json.dumps({"error": {"message": str(refused)}})
            )
        new = self._keep(channel, received.messages, now)
        metrics.CHANNEL_MESSAGES.labels(setting.type, "received").inc(new)
        if new:
            self._on_kept()
        return ChannelEventAnswered(status=HTTPStatus.OK, body=received.body, content_type=received.content_type)

    def _keep(self, channel: Channel, messages: Sequence[Incoming], now: float) -> int:
        with self._database.transaction() as session:
            return keep(session, channel, messages, now)


def gone(error: NotFound) -> ChannelEventAnswered:
    """The answer where there is no channel any more."""
    return ChannelEventAnswered(status=HTTPStatus.NOT_FOUND, body=json.dumps({"error": {"message": error.message}}))
