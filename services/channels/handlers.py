"""Events of channels in, what their doors answer out; news of conversations are passed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.channels.door import Door, gone
from services.channels.telling import Telling
from shared.contracts.channels import ChannelEventAnswered, ChannelEventReceived
from shared.contracts.chat.conversations import ConversationsChanged
from shared.errors import NotFound
from shared.messaging.consuming.handlers import Handlers, one_by_one


def build_handlers(door: Door) -> Handlers:
    """The table of the doors' queue."""

    def on_event(event: ChannelEventReceived) -> ChannelEventAnswered:
        try:
            return door.answer(event)
        except NotFound as error:
            return gone(error)

    return {ChannelEventReceived: one_by_one(on_event)}


def build_news_handlers(telling: Telling, wake: Callable[[], None]) -> Handlers:
    """The table of the news' queue."""

    def on_changed(messages: Sequence[ConversationsChanged]) -> list[None]:
        if telling.catch_up({found for message in messages for found in message.conversation_ids}):
            wake()
        return [None] * len(messages)

    return {ConversationsChanged: on_changed}
