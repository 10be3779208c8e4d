"""Brings messages to their channels, in order, tried again with growing pauses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.channels.kinds.kind import Outgoing, Post, Undelivered
from services.channels.kinds.table import KINDS
from services.channels.kinds.tokens import Tokens
from shared.outbound.client import OutboundClient, OutboundRefused
from shared.storage.chat import channels
from shared.storage.database.engine import Database
from shared.storage.tables.channels import Channel, ChannelMessage
from shared.telemetry import logs, metrics

_log = logs.get(__name__)


class Bringing:
    """Brings one message.

    Args:
        database: Where channels are.
        client: Calls where it may.
        clock: Unix seconds.
    """

    def __init__(self, database: Database, client: OutboundClient, clock: Callable[[], float]) -> None:
        self._database = database
        self._client = client
        self._tokens = Tokens()
        self._clock = clock

    def bring(self, message: ChannelMessage) -> None:
        """Return once the channel has taken it.

        Raises:
            Undelivered: It has not.
        """
        with self._database.reading() as session:
            channel = channels.get(session, message.channel_id)
            thread = channels.thread(session, message.channel_id, message.thread)
        try:
            self._send(channel, message, thread.reply if thread is not None else {})
        except OutboundRefused as error:
            self._note(channel, error.message)
            raise Undelivered(error.message, may_retry=False) from error
        except Undelivered as error:
            self._note(channel, str(error))
            raise
        self._note(channel, None)

    def _send(self, channel: Channel, message: ChannelMessage, reply: Mapping[str, Any]) -> None:
        setting = channel.setting.root
        content = dict(message.content)
        content["suggestions"] = tuple(content.get("suggestions", ()))
        outgoing = Outgoing(
            id=message.external_id,
            thread=message.thread,
            created_at=message.created_at,
            is_again=message.attempts > 1,
            reply=reply,
            **content,
        )
        KINDS[type(setting)].send(setting, outgoing, Post(self._client, self._clock(), self._tokens))

    def _note(self, channel: Channel, problem: str | None) -> None:
        outcome = "undelivered" if problem else "delivered"
        metrics.CHANNEL_MESSAGES.labels(channel.setting.root.type, outcome).inc()
        if problem:
            _log.warning("channel does not take a message", channel=channel.id, reason=problem)
        if problem != channel.problem:
            with self._database.transaction() as session:
                channels.note(session, channel.id, problem, self._clock())
