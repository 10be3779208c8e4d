"""``/v1/channels``: where customers write from. Who works there is the service of that name."""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated, Any

from fastapi import Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.gateway.channels.schemas import ChannelMessageObject, CustomerChannelObject
from services.gateway.http.access.auth import AdminCaller
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import After, Limit, resource
from services.gateway.state import AppState, State
from shared.contracts.channels import (
    AnyChannel,
    ChannelEventAnswered,
    ChannelEventReceived,
    ChannelId,
    CustomerChannel,
    EmailChannel,
    WebhookChannel,
)
from shared.errors import Unavailable
from shared.outbound.client import OutboundClient
from shared.outbound.signing import new_secret
from shared.storage.chat import channels
from shared.storage.tables.channels import Channel, ChannelMessage

router = resource("Channels")

InPath = Annotated[ChannelId, Path(description="As you call it: a-z, 0-9, `-` and `_`.")]

#: Never shown again.
_SECRETS = {"secret", "token", "password", "encrypt_key", "aes_key"}
#: What kinds look at; the rest of a request's head is nobody's business.
_HEADERS = ("content-type", "webhook-", "x-chatwoot-", "x-telegram-", "x-slack-", "x-lark-", "timestamp", "sign")
_QUERY = ("msg_signature", "timestamp", "nonce", "echostr")
_LONGEST_HEADER = 1_024
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/plain": {}}, "description": "It is kept."}
}


@router.put("/channels/{channel_id}")
def put(channel_id: InPath, body: CustomerChannel, state: State, caller: AdminCaller) -> CustomerChannelObject:
    """Make a channel, or give it another setting. Its `door` is what the messenger or inbox posts to."""
    setting, secret = body.root, None
    _check(OutboundClient(state.settings.outbound_networks), setting)
    if isinstance(setting, WebhookChannel) and setting.secret is None:
        secret = new_secret()
        setting = setting.model_copy(update={"secret": secret})
    with state.database.transaction() as session:
        stored = channels.put(session, channel_id, CustomerChannel(setting), key_id=caller.key_id, now=state.clock())
        return _object(stored, secret)


@router.get("/channels")
def list_channels(
    state: State, _caller: AdminCaller, after: After = None, limit: Limit = 20
) -> Listing[CustomerChannelObject]:
    """Channels by name, and how each one does."""
    with state.database.reading() as session:
        page = channels.page(session, after=after, limit=limit)
    return Listing[CustomerChannelObject].of([_object(one) for one in page.items], has_more=page.has_more)


@router.get("/channels/{channel_id}")
def retrieve(channel_id: InPath, state: State, _caller: AdminCaller) -> CustomerChannelObject:
    """One channel, without its secrets."""
    with state.database.reading() as session:
        return _object(channels.get(session, channel_id))


@router.delete("/channels/{channel_id}")
def delete(channel_id: InPath, state: State, _caller: AdminCaller) -> Deleted:
    """Forget a channel, with what is still owed to it. Conversations stay."""
    with state.database.transaction() as session:
        channels.remove(session, channel_id)
    return Deleted(id=channel_id, object="channel.deleted")


@router.get("/channels/{channel_id}/messages")
def list_messages(
    channel_id: InPath, state: State, _caller: AdminCaller, after: After = None, limit: Limit = 20
) -> Listing[ChannelMessageObject]:
    """What came and went within a month, newest first, and what became of it."""
    with state.database.reading() as session:
        channels.get(session, channel_id)
        found = channels.messages(session, channel_id, after=after, limit=limit + 1)
    return Listing[ChannelMessageObject].of([_message(one) for one in found[:limit]], has_more=len(found) > limit)


@router.get("/channels/{channel_id}/events", response_class=Response, responses=_ANSWERS)
async def prove(channel_id: InPath, request: Request, state: State) -> Response:
    """The door answers the question of a messenger whether it is ours, signed as its kind does."""
    return await receive(channel_id, request, state)


@router.post("/channels/{channel_id}/events", response_class=Response, responses=_ANSWERS)
async def receive(channel_id: InPath, request: Request, state: State) -> Response:
    """The door of a channel, for the messenger or inbox: signed as its kind does. 200 once what it holds is kept."""
    await run_in_threadpool(
        _require, state, channel_id
    )  # whoever knocks at a door that is none troubles no other service
    headers = {name: value[:_LONGEST_HEADER] for name, value in request.headers.items() if name.startswith(_HEADERS)}
    query = {name: request.query_params[name][:_LONGEST_HEADER] for name in _QUERY if name in request.query_params}
    event = ChannelEventReceived(
        channel_id=channel_id, headers=headers, body=base64.b64encode(await request.body()).decode("ascii"), query=query
    )
    timeout = state.settings.request_timeout_seconds
    answered = await asyncio.wrap_future(state.requester.submit(event, timeout=timeout))
    if not isinstance(answered, ChannelEventAnswered):
        raise Unavailable(f"an event came back as {type(answered).__name__}; all services must be of one version")
    return Response(answered.body, status_code=answered.status, media_type=answered.content_type)


def _check(client: OutboundClient, setting: AnyChannel) -> None:
    """Refuse at once what would be refused later."""
    if not isinstance(setting, EmailChannel):
        client.check(setting.url)
        return
    for server in (setting.imap, setting.smtp):
        try:
            client.address(server.host, server.port, plain=server.security == "none")
        except OSError:
            continue  # a name that cannot be resolved now may be, later


def _require(state: AppState, channel_id: str) -> None:
    with state.database.reading() as session:
        channels.get(session, channel_id)


def _object(channel: Channel, secret: str | None = None) -> CustomerChannelObject:
    return CustomerChannelObject(
        id=channel.id,
        created_at=int(channel.created_at),
        updated_at=int(channel.updated_at),
        setting=channel.setting.root.model_dump(mode="json", exclude=_SECRETS),
        door=f"/v1/channels/{channel.id}/events",
        signing_secret=secret,
        problem=channel.problem,
        delivered_at=int(channel.delivered_at) if channel.delivered_at is not None else None,
    )


def _message(message: ChannelMessage) -> ChannelMessageObject:
    return ChannelMessageObject(
        id=str(message.seq),
        thread=message.thread,
        direction=message.direction,
        external_id=message.external_id,
        created_at=int(message.created_at),
        status=message.status,
        attempts=message.attempts,
        next_attempt_at=int(message.next_at) if message.status == "pending" else None,
        finished_at=int(message.finished_at) if message.finished_at is not None else None,
        problem=message.problem,
    )
