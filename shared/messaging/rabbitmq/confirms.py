"""What the broker still has to answer for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from shared.messaging.encoded import EncodedMessage
from shared.messaging.rabbitmq.confirmation import PublishConfirmation


class Item(NamedTuple):
    """A message on its way."""

    encoded: EncodedMessage
    receipt: PublishConfirmation | None
    """Who waits for the confirm; ``None`` for transient messages."""
    returned: bool = False
    """Whether the broker has given it back before, since there was no queue for it."""


class _Sent(NamedTuple):
    item: Item
    at: float


class Confirms:
    """The messages written to one channel that the broker has neither confirmed nor refused yet.

    Args:
        channel: Fresh; it is switched to confirms.
        refused: Is told of each message that nobody waits for and that the broker had no room for.
        unroutable: Is given each message back for which there was no queue.
    """

    def __init__(
        self, channel: Any, refused: Callable[[EncodedMessage], None], unroutable: Callable[[Item], None]
    ) -> None:
        self._refused = refused
        self._unroutable = unroutable
        self._given_back: set[str] = set()
        """Ids of messages that were returned and are about to be confirmed: that they are nowhere is what is confirmed."""
        self._next_tag = 1
        self._sent: dict[int, _Sent] = {}
        """By delivery tag, oldest first."""
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)

    def __len__(self) -> int:
        return len(self._sent)

    def add(self, item: Item, at: float) -> None:
        """This one was written next, ``at`` seconds of the monotonic clock."""
        self._sent[self._next_tag] = _Sent(item, at)
        self._next_tag += 1

    @property
    def oldest(self) -> float | None:
        """When the first of them was written."""
        return next(iter(self._sent.values())).at if self._sent else None

    def take_back(self) -> list[Item]:
        """All of them, to be written again to another channel; this one is done with."""
        items = [sent.item for sent in self._sent.values()]
        self._sent.clear()
        self._given_back.clear()
        return items

    def _on_ack(self, tag: int, multiple: bool) -> None:
        for item in self._settled(tag, multiple):
            if item.encoded.message_id in self._given_back:
                self._given_back.discard(item.encoded.message_id)
                self._unroutable(item)
            elif item.receipt is not None:
                item.receipt.confirm()

    def _on_nack(self, tag: int, multiple: bool) -> None:
        for item in self._settled(tag, multiple):
            if item.receipt is not None:
                item.receipt.refuse()
            else:
                self._refused(item.encoded)

    def _on_return(self, _error: Exception, _exchange: str, _key: str, message: Any) -> None:
        """The broker returns what it cannot route before it confirms it."""
        self._given_back.add(str(message.properties.get("message_id", "")))

    def _settled(self, tag: int, multiple: bool) -> list[Item]:
        tags = [tag]
        if multiple:
            tags = [sent for sent in self._sent if sent <= tag]
        return [sent.item for number in tags if (sent := self._sent.pop(number, None)) is not None]
