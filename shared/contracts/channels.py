"""Where customers write from: the settings of each kind of channel, and the messages between its door and who works at it.

How each kind speaks stands in ``services.channels.kinds``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue, RootModel, StringConstraints

from shared.contracts.message import REPLY, Exchange, Message, Route, Value

ChannelId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
_Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$", max_length=1024)]
_Secret = Annotated[str, StringConstraints(min_length=8, max_length=256)]
_Path = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,9}$", max_length=256)]


class WebhookFields(Value):
    """Where in the JSON that comes in stands what: keys, with dots between them.

    Attributes:
        id: Of the message; what comes twice with it is answered once.
        thread: Whose messages are one conversation.
        text: The words.
        author: How the customer is called.
    """

    id: _Path = "id"
    thread: _Path = "thread"
    text: _Path = "text"
    author: _Path = "author"


class WebhookChannel(Value):
    """Signed JSON both ways, as Standard Webhooks have it: for whatever has no kind of its own.

    Attributes:
        url: Where answers go.
        secret: ``whsec_…``, of both ways; made and shown once where it is left out.
        fields: How what comes in is read.
        template: What goes out: JSON in which ``{text}``, ``{thread}``, ``{role}``, ``{author}``, ``{id}``, ``{event}`` and
            ``{status}`` are filled in. Left out: an object with all of them.
    """

    type: Literal["webhook"]
    url: _Url
    secret: Annotated[str, StringConstraints(pattern=r"^whsec_[A-Za-z0-9+/=]{32,100}$")] | None = None
    fields: WebhookFields = WebhookFields()
    template: dict[str, JsonValue] | None = None


class ChatwootChannel(Value):
    """An agent bot of Chatwoot.

    Attributes:
        url: Of the installation.
        account_id: The account whose inbox the bot is connected to.
        token: The bot's access token.
        secret: The bot's secret, which signs what Chatwoot sends.
        labels: Put on a conversation that is handed over, instead of those it had.
    """

    type: Literal["chatwoot"]
    url: _Url
    account_id: Annotated[int, Field(ge=1)]
    token: _Secret
    secret: _Secret
    labels: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[\w-]{1,64}$")], ...], Field(max_length=10)
    ] = ()


class TelegramChannel(Value):
    """A bot of Telegram; ``setWebhook`` is told the address of the channel's door, and the secret.

    Attributes:
        token: As BotFather gave it.
        secret: ``secret_token`` of ``setWebhook``.
        url: Of the Bot API; another one for a local Bot API server.
    """

    type: Literal["telegram"]
    token: Annotated[str, StringConstraints(pattern=r"^\d{1,20}:[A-Za-z0-9_-]{20,80}$")]
    secret: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,256}$")]
    url: _Url = "https://api.telegram.org"


class SlackChannel(Value):
    """An app of Slack that hears messages by the Events API.

    Attributes:
        token: Of the bot, ``xoxb-…``.
        secret: The app's signing secret.
        url: Of the Web API.
    """

    type: Literal["slack"]
    token: _Secret
    secret: _Secret
    url: _Url = "https://slack.com/api"


class FeishuChannel(Value):
    """An app of Feishu or Lark that is told of messages as events of version 2, encrypted.

    Attributes:
        app_id: Of the app, ``cli_…``.
        secret: The App Secret.
        token: The Verification Token of its events.
        encrypt_key: The Encrypt Key, which encrypts and signs them.
        url: Of the open platform; ``https://open.larksuite.com`` for Lark.
    """

    type: Literal["feishu"]
    app_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{4,64}$")]
    secret: _Secret
    token: _Secret
    encrypt_key: _Secret
    url: _Url = "https://open.feishu.cn"


class DingTalkChannel(Value):
    """A robot of DingTalk that posts what is said to it.

    Attributes:
        secret: The App Secret, or the secret of an outgoing robot, which signs what comes.
        url: Where the addresses lie that DingTalk names for answers; any other is refused.
    """

    type: Literal["dingtalk"]
    secret: _Secret
    url: _Url = "https://oapi.dingtalk.com"


class WeComChannel(Value):
    """An app of WeCom's own making, whose API receives messages.

    Attributes:
        corp_id: Of the enterprise.
        agent_id: Of the app.
        secret: The app's secret.
        token: Of its callback.
        aes_key: ``EncodingAESKey`` of its callback.
        url: Of the API.
    """

    type: Literal["wecom"]
    corp_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{4,64}$")]
    agent_id: Annotated[int, Field(ge=1)]
    secret: _Secret
    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{3,32}$")]
    aes_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}$")]
    url: _Url = "https://qyapi.weixin.qq.com"


class MailServer(Value):
    """A server of mail.

    Attributes:
        host: Its name, which its certificate must bear.
        port: Where it listens.
        security: ``none`` only in networks that the operator has opened.
    """

    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,253}$")]
    port: Annotated[int, Field(ge=1, le=65535)]
    security: Literal["tls", "starttls", "none"] = "tls"


class EmailChannel(Value):
    """A mailbox: read over IMAP, answered over SMTP.

    Attributes:
        address: Of the mailbox, from which answers come.
        name: That stands before it.
        username: For both servers.
        password: For both servers.
        imap: Where mail is read.
        smtp: Where answers go.
        mailbox: The folder that is read.
        per_hour: Messages of one sender that are answered within an hour; more is a loop, and left alone.
    """

    type: Literal["email"]
    address: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$")]
    name: Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\r\n]*$")] = ""
    username: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    imap: MailServer
    smtp: MailServer
    mailbox: Annotated[str, StringConstraints(pattern=r"^[ !#-\[\]-~]{1,128}$")] = "INBOX"
    per_hour: Annotated[int, Field(ge=1, le=1000)] = 20


AnyChannel = Annotated[
    WebhookChannel
    | ChatwootChannel
    | TelegramChannel
    | SlackChannel
    | FeishuChannel
    | DingTalkChannel
    | WeComChannel
    | EmailChannel,
    Field(discriminator="type"),
]


class CustomerChannel(RootModel[AnyChannel]):
    """The setting of one channel, of whatever kind."""


class ChannelEventReceived(Message):
    """Something came to the door of a channel; who works at it judges and keeps it before the door answers."""

    TYPE: ClassVar[str] = "channel.event_received"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "channels")

    channel_id: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: str
    """As it came, in base64."""
    query: dict[str, str] = Field(default_factory=dict)
    """Of its address."""


class ChannelEventAnswered(Message):
    """What the door answers."""

    TYPE: ClassVar[str] = "channel.event_answered"
    ROUTE: ClassVar[Route] = REPLY

    status: int
    body: str = ""
    content_type: str = "application/json"


class SayInConversation(Message):
    """A customer said something in a conversation, over a channel; the gateway answers and stores the turn, once for each key."""

    TYPE: ClassVar[str] = "conversation.say"
    ROUTE: ClassVar[Route] = Route(Exchange.RPC, "conversation.say")

    key_id: str
    """Whose conversation it is."""
    conversation_id: str
    text: str
    idempotency_key: str


class ConversationAnswered(Message):
    """The turn is stored."""

    TYPE: ClassVar[str] = "conversation.answered"
    ROUTE: ClassVar[Route] = REPLY

    conversation_id: str
    turn_id: str
