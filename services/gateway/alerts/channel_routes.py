"""``/v1/alert_channels``: where people are told of alerts."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from services.gateway.alerts.objects import channel_object
from services.gateway.alerts.schemas import ChannelObject
from services.gateway.http.access.auth import AdminCaller, TrainCaller
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import State
from shared.contracts.monitoring.alert_channels import ChannelName, ChannelSetting, Smtp, Webhook
from shared.outbound.client import OutboundClient
from shared.outbound.signing import new_secret
from shared.storage.monitoring import alert_channels

router = resource("Alerts")

InPath = Annotated[ChannelName, Path(description="Letters, digits, `_`, `.` and `-`.")]


@router.put("/alert_channels/{channel}")
def put_channel(channel: InPath, body: ChannelSetting, state: State, caller: AdminCaller) -> ChannelObject:
    """Make a channel, or make it anew. Streams name it in `channels`; monitoring delivers, and retries."""
    setting, secret = body.root, None
    if not isinstance(setting, Smtp):
        OutboundClient(state.settings.outbound_networks).check(setting.url, plain_http=False)
    if isinstance(setting, Webhook) and setting.secret is None:
        secret = new_secret()
        setting = setting.model_copy(update={"secret": secret})
    with state.database.transaction() as session:
        stored = alert_channels.put(session, channel, ChannelSetting(setting), key_id=caller.key_id, now=state.clock())
    return channel_object(stored, secret)


@router.get("/alert_channels")
def list_channels(state: State, _caller: TrainCaller, after: After = None, limit: Limit = 20) -> Listing[ChannelObject]:
    """Channels by name, and how each one does."""
    with state.database.reading() as session:
        page = alert_channels.page(session, after=after, limit=limit)
    return Listing[ChannelObject].of([channel_object(one) for one in page.items], has_more=page.has_more)


@router.get("/alert_channels/{channel}")
def retrieve_channel(channel: InPath, state: State, _caller: TrainCaller) -> ChannelObject:
    """One channel, without its secrets."""
    with state.database.reading() as session:
        return channel_object(alert_channels.get(session, channel))


@router.delete("/alert_channels/{channel}")
def delete_channel(channel: InPath, state: State, _caller: AdminCaller) -> Deleted:
    """Forget a channel and what is still owed to it."""
    with state.database.transaction() as session:
        alert_channels.remove(session, channel)
    return Deleted(id=channel, object="alert_channel")
