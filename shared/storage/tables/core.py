"""Every table. The docstring of a class names the only services that write it; times are Unix seconds.

A repeated or late request must never change a row twice, so each state change is one guarded statement of the
repository beside this file; nothing assigns to a stored row.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, Literal, cast

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from shared.contracts.chat.turns import Answer, DialogueState
from shared.contracts.chat.understanding import SentimentLabel, Understanding
from shared.contracts.monitoring.alert_rules import Severity
from shared.contracts.training.few_shot import FewShot
from shared.contracts.training.jobs import JobSpec, JobStatus
from shared.storage.database.columns import JsonValue

Role = Literal["chat", "train", "admin"]
FileStatus = Literal["uploaded", "processed", "error"]
EventLevel = Literal["info", "warn", "error"]
EventType = Literal["message", "metrics"]
PromotionKind = Literal["promote", "rollback"]
ConversationStatus = Literal["open", "handed_over", "ended"]
AlertState = Literal["firing", "resolved"]
ResponseStatus = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(SQLModel):
    """Base of the tables, so that Parley's metadata holds nobody else's."""

    metadata: ClassVar[MetaData] = METADATA

    def __init__(self, **values: Any) -> None:
        """Past SQLModel's, which sets one attribute after the other under SQLAlchemy's eyes: at ten times the cost."""
        given = frozenset(values)
        for name, default in _defaults(type(self)):
            if name not in given:
                values[name] = default()
        self.__dict__.update(values)
        object.__setattr__(self, "__pydantic_fields_set__", set(given))


@cache
def _defaults(table: type[Row]) -> tuple[tuple[str, Callable[[], Any]], ...]:
    """What makes the value of each field that may be left out. Asked for one, pydantic reads the signature of its factory anew."""
    return tuple(
        (name, cast("Callable[[], Any]", field.default_factory or field.get_default))
        for name, field in table.model_fields.items()
        if not field.is_required()
    )


def _json(*, nullable: bool = False) -> Any:
    return Column(JSON(none_as_null=True), nullable=nullable)


def _text(*, nullable: bool = False) -> Any:
    """A column for a literal type, which sqlmodel cannot map by itself."""
    return Column(String, nullable=nullable)


class ApiKey(Row, table=True):
    """A key of the public API; only its hash is kept. Writer: gateway."""

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True)
    name: str
    role: Role = Field(sa_column=_text())
    hash: str = Field(unique=True)
    """SHA-256 of the key, in hex."""
    hint: str
    """The last four characters of the key."""
    created_at: float
    revoked_at: float | None = None
    requests_per_minute: int | None = None
    """``None``: the gateway's default."""


class File(Row, table=True):
    """An uploaded or produced file; its bytes are in the artifact store. Writers: gateway, training (results)."""

    __tablename__ = "files"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: str = Field(primary_key=True)
    filename: str
    purpose: str
    bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str
    created_at: float
    expires_at: float | None = None
    status: FileStatus = Field(sa_column=_text())
    status_details: str | None = None
    """What is wrong with the file, in a sentence."""
    report: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    """What the reader found: counts, faults and warnings (``shared.rows``)."""
    key_id: str | None = None


class Job(Row, table=True):
    """A fine-tuning job; this row is the truth about it, messages only wake a worker. Writers: gateway, training."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "status"),
        UniqueConstraint("key_id", "idempotency_key"),
    )

    id: str = Field(primary_key=True)
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    spec: JobSpec = Field(sa_column=Column(JsonValue(JobSpec), nullable=False))
    status: JobStatus = Field(default="queued", sa_column=_text())
    seed: int
    user_metadata: dict[str, str] = Field(default_factory=dict, sa_column=_json())
    error: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    """``code``, ``message``, ``param``."""
    fine_tuned_model: str | None = None
    trained_tokens: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    result_files: list[str] = Field(default_factory=list, sa_column=_json())
    estimated_finish: float | None = None
    attempt: int = 0
    """How often a worker has claimed it."""
    lease_token: str | None = None
    """The secret of the worker that holds it; every write of a worker is guarded by it."""
    lease_expires_at: float | None = None
    cancel_requested: bool = False
    pause_requested: bool = False
    """It is paused, or will be once its worker has heard of it."""
    idempotency_key: str | None = None
    key_id: str | None = None


class JobEvent(Row, table=True):
    """Something that happened to a job. Writers: training; gateway (created, cancelled)."""

    __tablename__ = "job_events"
    __table_args__ = (Index(None, "job_id", "seq"), {"sqlite_autoincrement": True})

    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    )
    """Given by the database; grows."""
    id: str = Field(unique=True)
    job_id: str = Field(foreign_key="jobs.id")
    created_at: float
    level: EventLevel = Field(sa_column=_text())
    type: EventType = Field(sa_column=_text())
    message: str
    data: dict[str, Any] = Field(default_factory=dict, sa_column=_json())


class JobCheckpoint(Row, table=True):
    """A state that a job can be resumed from. Writer: training."""

    __tablename__ = "job_checkpoints"
    __table_args__ = (UniqueConstraint("job_id", "step_number"),)

    id: str = Field(primary_key=True)
    job_id: str = Field(foreign_key="jobs.id")
    step_number: int
    created_at: float
    metrics: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    folder: str
    """Its key in the artifact store."""


class Model(Row, table=True):
    """A model that a job has published; its bundle is in the artifact store. Writers: training; gateway (delete)."""

    __tablename__ = "models"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: str = Field(primary_key=True)
    job_id: str | None = Field(default=None, foreign_key="jobs.id")
    task: str
    deployment: str | None = None
    """Where it goes into production unless told otherwise; ``None``: under the name of its task."""
    base_model: str
    created_at: float
    deleted_at: float | None = None
    metrics: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    size_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    gate: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    """The verdict of the gate, with every violation; ``None`` if there was nothing to compare with."""
    few_shot: FewShot | None = Field(default=None, sa_column=Column(JsonValue(FewShot), nullable=True))
    """What a model consists of that was never trained; it has no bundle, and stands on the one of another."""

    @property
    def slot(self) -> str:
        """Where it goes into production unless told otherwise."""
        return self.deployment or self.task


class Promotion(Row, table=True):
    """A model went into production; the newest row of a slot is what it serves. Writers: training, gateway."""

    __tablename__ = "promotions"
    __table_args__ = (Index(None, "slot", "id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    slot: str
    model_id: str = Field(foreign_key="models.id")
    previous_model_id: str | None = None
    kind: PromotionKind = Field(sa_column=_text())
    created_at: float
    actor: str
    """Key or job id."""


class BotVersion(Row, table=True):
    """A version of the bot file; the newest is active. Writer: gateway."""

    __tablename__ = "bots"
    __table_args__ = {"sqlite_autoincrement": True}

    version: int | None = Field(default=None, primary_key=True)
    created_at: float
    source: str
    """The YAML text as it was applied."""
    sha256: str
    actor: str


class Conversation(Row, table=True):
    """A conversation and where it stands. Writer: gateway."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "key_id", "created_at", "id"),
        Index(None, "customer_id"),
    )

    id: str = Field(primary_key=True)
    created_at: float
    ended_at: float | None = None
    status: ConversationStatus = Field(default="open", sa_column=_text())
    state: DialogueState = Field(
        default_factory=DialogueState, sa_column=Column(JsonValue(DialogueState), nullable=False)
    )
    """The dialogue state after its last turn."""
    turns: int = 0
    """How many turns are stored; the guard that puts concurrent turns in order."""
    items: int = 0
    """How many items stand between its turns."""
    key_id: str
    user_metadata: dict[str, str] = Field(default_factory=dict, sa_column=_json())
    customer_id: str | None = None
    """Whose it is, as whoever chats for them calls them."""


class Turn(Row, table=True):
    """A customer's message and the answer to it; an answer is sent only after this row. Writer: gateway."""

    __tablename__ = "turns"
    __table_args__ = (
        UniqueConstraint("conversation_id", "position"),
        UniqueConstraint("key_id", "idempotency_key"),
        Index(None, "key_id", "digest"),
        Index(
            "ix_turns_unobserved",
            "created_at",
            sqlite_where=text("observed_at IS NULL"),
            postgresql_where=text("observed_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversations.id")
    position: int
    """0 for the first turn of the conversation."""
    created_at: float
    user_text: str
    answer: Answer = Field(sa_column=Column(JsonValue(Answer), nullable=False))
    understanding: Understanding = Field(sa_column=Column(JsonValue(Understanding), nullable=False))
    state: DialogueState = Field(sa_column=Column(JsonValue(DialogueState), nullable=False))
    """The dialogue state after this turn."""
    bot_version: int
    model_id: str
    key_id: str
    """The key of its conversation, here too so that digests and idempotency keys are looked up by one index."""
    digest: str | None = None
    """Hash of everything said up to and including the answer: how a stateless chat request finds its conversation."""
    idempotency_key: str | None = None
    observed_at: float | None = None
    """When its ``SentimentObserved`` was confirmed by the broker; ``None``: still to be told."""


class ConversationItem(Row, table=True):
    """What was said in a conversation outside its turns: by a colleague, a client that tells of it, or a language model.

    Writer: gateway.
    """

    __tablename__ = "conversation_items"
    __table_args__ = (
        Index(None, "conversation_id", "after_turns", "seq"),
        Index("uq_conversation_items_idempotency_key", "conversation_id", "idempotency_key", unique=True),
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    )
    """Given by the database; grows."""
    id: str = Field(unique=True)
    conversation_id: str = Field(foreign_key="conversations.id")
    after_turns: int
    """How many turns the conversation had before it."""
    created_at: float
    item: dict[str, Any] = Field(sa_column=_json())
    """As the convention writes it, without its id."""
    author: str | None = None
    """Which colleague said it; ``None``: none did."""
    idempotency_key: str | None = None


class Response(Row, table=True):
    """An answer asked for through ``/v1/responses``. What a bot says stands in its turn. Writer: gateway."""

    __tablename__ = "responses"
    __table_args__ = (
        Index(None, "conversation_id"),
        UniqueConstraint("key_id", "idempotency_key"),
        Index(
            "ix_responses_unfinished",
            "created_at",
            sqlite_where=text("status IN ('queued', 'in_progress')"),
            postgresql_where=text("status IN ('queued', 'in_progress')"),
        ),
    )

    id: str = Field(primary_key=True)
    created_at: float
    completed_at: float | None = None
    status: ResponseStatus = Field(default="completed", sa_column=_text())
    key_id: str
    model: str
    request: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    """The request as it came, without its input."""
    input: list[dict[str, Any]] = Field(default_factory=list, sa_column=_json())
    """The items that came, each with its id."""
    output: list[dict[str, Any]] | None = Field(default=None, sa_column=_json(nullable=True))
    """The items of an answer that has no turn."""
    cuts: list[int] = Field(default_factory=list, sa_column=_json())
    """Characters of each piece of that answer, as it was streamed."""
    usage: dict[str, int] | None = Field(default=None, sa_column=_json(nullable=True))
    error: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    """``code``, ``message``."""
    turn_id: str | None = None
    conversation_id: str | None = None
    previous_response_id: str | None = None
    background: bool = False
    attempt: int = 0
    """How often a process has claimed it."""
    lease_token: str | None = None
    """The secret of the process that works at it; every write of one is guarded by it."""
    lease_expires_at: float | None = None
    idempotency_key: str | None = None


class ResponsePiece(Row, table=True):
    """Pieces of an answer that is being written in the background, for those who watch. Writer: gateway."""

    __tablename__ = "response_pieces"

    response_id: str = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    """Pieces of the attempt before these."""
    pieces: list[str] = Field(sa_column=_json())


class SentimentObservation(Row, table=True):
    """One text with a sentiment; its key makes a repeated message harmless. Writer: monitoring."""

    __tablename__ = "sentiment_observations"
    __table_args__ = (Index(None, "stream", "occurred_at"), Index(None, "occurred_at"))

    stream: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    intent: str
    sentiment: SentimentLabel = Field(sa_column=_text())
    occurred_at: float
    told_at: float | None
    """When monitoring heard of it; empty if the first release stored it."""
    voice: str | None = None
    """A hash of the text: observations of a stream that share it are one text passed on. Empty: a text by itself."""


class SentimentCount(Row, table=True):
    """Observations by minute; outlives the observations it counts. Writer: monitoring."""

    __tablename__ = "sentiment_counts"

    stream: str = Field(primary_key=True)
    minute: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    """Unix seconds of the minute's begin."""
    intent: str = Field(primary_key=True)
    negative: int = 0
    neutral: int = 0
    positive: int = 0


class Alert(Row, table=True):
    """Something on a stream that is not as usual; at most one fires for a scope and rule. Writers: monitoring; gateway (acknowledge, snooze)."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(None, "opened_at", "id"),
        Index(
            "uq_alerts_firing",
            "stream",
            "rule",
            "entity",
            "topic",
            unique=True,
            sqlite_where=text("state = 'firing'"),
            postgresql_where=text("state = 'firing'"),
        ),
    )

    id: str = Field(primary_key=True)
    stream: str
    rule: str
    state: AlertState = Field(sa_column=_text())
    opened_at: float
    resolved_at: float | None = None
    share: float
    """Share of negatives in the window, 0..1: at opening, and once resolved at resolving."""
    volume: int
    """Texts in the window."""
    threshold: float
    evidence: list[str] = Field(default_factory=list, sa_column=_json())
    """Ids of the negative texts that caused it, newest first."""
    announced: AlertState | None = Field(default=None, sa_column=_text(nullable=True))
    """The state last told by a confirmed ``AlertRaised``; differs from ``state`` while one is owed."""
    entity: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    """Whom it is about; empty: the whole stream, or a topic."""
    topic: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    severity: Severity = Field(default="warning", sa_column=Column(String, nullable=False, server_default="warning"))
    incident: str | None = Field(default=None, index=True)
    """The id of the first alert that it belongs with; its own where it is the first."""
    acknowledged_at: float | None = None
    acknowledged_by: str | None = None
    """Id of the key."""
    snoozed_until: float | None = None
    escalated_at: float | None = None
    """When it became critical since nobody had acknowledged it."""
    details: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON(none_as_null=True), nullable=False, server_default="{}")
    )
    """Figures, baseline, documents and terms behind it; see ``services.monitoring.alerts.evidence``."""
