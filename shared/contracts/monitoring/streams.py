"""Streams of documents: what is declared of one, and the documents on their way to monitoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from shared.contracts.message import Exchange, Message, Route, Value
from shared.contracts.monitoring.alert_channels import ChannelName
from shared.contracts.monitoring.alert_rules import FALSE_ALARMS_PER_DAY, DeclaredRules
from shared.contracts.training.few_shot import MAX_EXAMPLES, ShortText

MAX_WATCHED = 2_000
MAX_TOPICS = 50
MAX_ALIASES = 50

PLATFORM_STREAM = "parley"
"""The stream on which the platform watches itself: it takes no documents, and rules about the platform alone."""

StreamName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
ScopeName = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Clock = Literal["wall", "event"]


class Topic(Value):
    """What a document may be about: nearest to its name and examples, or else to none.

    Attributes:
        name: Itself an example where there is no other.
        examples: Texts about it.
    """

    name: ScopeName
    examples: Annotated[tuple[ShortText, ...], Field(max_length=MAX_EXAMPLES)] = ()


class Watched(Value):
    """Somebody or something that documents name.

    Attributes:
        name: What it is called in trends and alerts; found in texts, too.
        aliases: Other names in any language, and tickers. One of capitals and digits alone is found in capitals only.
        kind: ``company``, ``person``, ``product``, whatever tells them apart.
    """

    name: ScopeName
    aliases: Annotated[tuple[ScopeName, ...], Field(max_length=MAX_ALIASES)] = ()
    kind: Annotated[str, StringConstraints(max_length=50)] = ""


SourceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$", max_length=2_000)]
FieldName = Literal["id", "text", "title", "url", "author", "published_at", "lang", "source"]
Every = Annotated[int, Field(ge=60, le=86_400)]


class FeedSource(Value):
    """An RSS or Atom feed.

    Attributes:
        every_seconds: Between two looks.
    """

    type: Literal["feed"] = "feed"
    name: SourceName
    url: Address
    every_seconds: Every = 300


class JsonSource(Value):
    """A list of objects over HTTP, page by page.

    Attributes:
        items: Where the list stands in an answer: ``data.items``; empty: it is the answer.
        fields: Where a field of a document stands in an item, if not under its own name: ``{"text": "body.plain"}``.
        next: Where the address of the next page stands; empty: there is one page.
    """

    type: Literal["json"] = "json"
    name: SourceName
    url: Address
    items: Annotated[str, StringConstraints(max_length=200)] = ""
    fields: dict[FieldName, ScopeName] = Field(default_factory=dict)
    next: Annotated[str, StringConstraints(max_length=200)] = ""
    every_seconds: Every = 300


def _inside(folder: str) -> str:
    parts = folder.split("/")
    if folder.startswith("/") or ".." in parts or not all(one.isprintable() for one in parts):
        raise ValueError("name a folder inside the one that the operator has opened, such as 'news/today'")
    return folder


FolderName = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_inside)]
LoginName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]+$", max_length=253)]


class FolderSource(Value):
    """Files of JSON Lines (``.jsonl``) and CSV (``.csv``, with a head) in a folder, read on as they grow and as others come.

    Attributes:
        folder: Within the one that the operator has opened (``PARLEY_SOURCE_FOLDER``).
        fields: Where a field of a document stands in a row, if not under its own name.
    """

    type: Literal["folder"] = "folder"
    name: SourceName
    folder: FolderName = "."
    fields: dict[FieldName, ScopeName] = Field(default_factory=dict)
    every_seconds: Annotated[int, Field(ge=5, le=86_400)] = 30


class QueueSource(Value):
    """A queue of RabbitMQ; each message is an object of JSON, a list of them, or JSON Lines.

    Attributes:
        url: ``amqps://host:port/virtual-host``, without a login; ``amqp://`` in networks that the operator has opened.
        fields: Where a field of a document stands in an object, if not under its own name.
        login: Which login of the operator's (``PARLEY_SOURCE_LOGINS``).
    """

    type: Literal["queue"] = "queue"
    name: SourceName
    url: Annotated[
        str, StringConstraints(pattern=r"^amqps?://[A-Za-z0-9._-]+(:[0-9]{1,5})?(/[^\s@?#]*)?$", max_length=500)
    ]
    queue: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    fields: dict[FieldName, ScopeName] = Field(default_factory=dict)
    login: LoginName | None = None
    every_seconds: Annotated[int, Field(ge=1, le=86_400)] = 5


class MailSource(Value):
    """A mailbox over IMAP. Messages are read without marking them.

    Attributes:
        security: ``none`` in networks that the operator has opened.
        login: Which login of the operator's (``PARLEY_SOURCE_LOGINS``).
        since_days: How old the messages of the first fetch may be.
    """

    type: Literal["imap"] = "imap"
    name: SourceName
    host: HostName
    port: Annotated[int, Field(ge=1, le=65_535)] = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    mailbox: Annotated[str, StringConstraints(pattern=r"^[ !#-\[\]-~]+$", max_length=200)] = "INBOX"
    login: LoginName
    since_days: Annotated[int, Field(ge=0, le=3650)] = 7
    every_seconds: Every = 300


AnySource = FeedSource | JsonSource | FolderSource | QueueSource | MailSource
Source = Annotated[AnySource, Field(discriminator="type")]


def _different(
    named: Sequence[Topic] | Sequence[Watched] | Sequence[AnySource],
) -> Sequence[Topic] | Sequence[Watched] | Sequence[AnySource]:
    names = [one.name for one in named]
    if twice := next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None:
        raise ValueError(f"{twice!r} is there twice; keep one")
    return named


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"{name!r} is no time zone of the IANA database, such as 'Asia/Shanghai'") from None
    return name


class StreamSpec(Value):
    """What a stream watches, and with which models. Every field has a default.

    Attributes:
        model: Tells the sentiment: an id, ``parley``, or ``parley/NAME`` for a deployment, of the task ``nlu``, or ``text_classification``
            with the labels negative, neutral and positive. Without it, the model in production that reads chats.
        entity_model: Tells the sentiment towards an entity: of the task ``pair_classification``, asked about ``(text, name)``, with the
            same three labels. Without it, the part of the text around each mention is read by ``model``.
        entity_finder: Finds who is named, beside ``watch``: of the task ``token_classification``. Names stay as they are written.
        topic_model: Tells the topic: of the task ``text_classification``. Without it, the nearest of ``topics``.
        topics: See ``Topic``; they need a model in production that makes embeddings.
        watch: Whom to look for.
        sources: Where monitoring fetches documents, beside those that are sent.
        retention_days: For which documents are kept; their counts stay longer.
        time_zone: In which dates without a zone are meant.
        rules: What calls for somebody; left out: the rules of ``default_rules``. An empty list: nothing.
        channels: Where people are told of alerts.
        false_alarms_per_day: How many are allowed, of all rules and scopes together.
        escalate_minutes: After which an alert that nobody has acknowledged becomes critical and is told again; 0: never.
        clock: What "now" is for alerts: that of the wall, or of the newest document, as a replay of the past needs it.
    """

    model: ModelName | None = None
    entity_model: ModelName | None = None
    topic_model: ModelName | None = None
    entity_finder: ModelName | None = None
    topics: Annotated[tuple[Topic, ...], Field(max_length=MAX_TOPICS), AfterValidator(_different)] = ()
    watch: Annotated[tuple[Watched, ...], Field(max_length=MAX_WATCHED), AfterValidator(_different)] = ()
    sources: Annotated[tuple[Source, ...], Field(max_length=50), AfterValidator(_different)] = ()
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 365
    time_zone: Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)] = "UTC"
    clock: Clock = "wall"
    rules: DeclaredRules | None = None
    channels: Annotated[tuple[ChannelName, ...], Field(max_length=20)] = ()
    false_alarms_per_day: Annotated[float, Field(gt=0, le=100)] = FALSE_ALARMS_PER_DAY
    escalate_minutes: Annotated[int, Field(ge=0, le=10_080)] = 0


class StreamDocument(Value):
    """One text that somebody has published.

    Attributes:
        id: Of its stream; a repeated one changes nothing.
        published_at: Unix seconds.
        source: Who published it.
        language: ISO 639-1 code, if the sender told it.
        meta: Whatever else is to be kept with it.
        remark: What had to be assumed about it, such as the time zone of its date.
    """

    id: str
    text: str
    published_at: float
    title: str = ""
    source: str = ""
    url: str = ""
    author: str = ""
    language: str = ""
    meta: dict[str, str] = Field(default_factory=dict)
    remark: str = ""


class DocumentsReceived(Message):
    """Documents of a stream, accepted and to be read."""

    TYPE: ClassVar[str] = "documents.received"
    ROUTE: ClassVar[Route] = Route(Exchange.EVENTS, "documents.received", durable=True)

    stream: str
    documents: tuple[StreamDocument, ...]
    received_at: float
