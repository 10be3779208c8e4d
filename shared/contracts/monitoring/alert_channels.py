"""Where people are told of alerts: the settings of each kind of channel. How each speaks stands in ``services.monitoring.delivery``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, RootModel, StringConstraints

from shared.contracts.message import Value

ChannelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
_Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$", max_length=1024)]
_Secret = Annotated[str, StringConstraints(min_length=1, max_length=256)]
_Address = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>]{1,64}@[A-Za-z0-9.-]{1,253}$")]
_Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,253}$")]


class _Channel(Value):
    """What every channel can be told.

    Attributes:
        digest_minutes: Alerts of so many minutes are told together; 0 tells each at once.
        per_hour: Messages an hour at most; what is more waits, and is told together.
    """

    digest_minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    per_hour: Annotated[int, Field(ge=1, le=3600)] = 60


class Webhook(_Channel):
    """A POST of JSON, signed as Standard Webhooks have it.

    Attributes:
        secret: ``whsec_…``; made and shown once where it is left out.
    """

    type: Literal["webhook"]
    url: _Url
    secret: Annotated[str, StringConstraints(pattern=r"^whsec_[A-Za-z0-9+/=]{32,100}$")] | None = None


class Slack(_Channel):
    """An incoming webhook of Slack, or of what speaks like it (Mattermost)."""

    type: Literal["slack"]
    url: _Url


class Feishu(_Channel):
    """A custom bot of Feishu or Lark.

    Attributes:
        secret: Of its signature check, where that is on.
    """

    type: Literal["feishu"]
    url: _Url
    secret: _Secret | None = None


class DingTalk(_Channel):
    """A custom robot of DingTalk; see ``Feishu``."""

    type: Literal["dingtalk"]
    url: _Url
    secret: _Secret | None = None


class WeCom(_Channel):
    """A group robot of WeCom."""

    type: Literal["wecom"]
    url: _Url


class Smtp(_Channel):
    """Mail.

    Attributes:
        security: ``starttls`` and ``tls`` check the certificate; ``none`` is for a relay next door.
    """

    type: Literal["smtp"]
    host: _Host
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Annotated[str, StringConstraints(max_length=256)] | None = None
    password: _Secret | None = None
    sender: _Address
    recipients: Annotated[tuple[_Address, ...], Field(min_length=1, max_length=50)]


AnyChannel = Annotated[Webhook | Slack | Feishu | DingTalk | WeCom | Smtp, Field(discriminator="type")]


class ChannelSetting(RootModel[AnyChannel]):
    """The setting of one channel, of whatever kind."""
