"""``/v1/streams``."""

from __future__ import annotations

from typing import Literal

from services.gateway.http.bodies.schemas import Reply, Resource
from shared.contracts.chat.understanding import SentimentLabel
from shared.contracts.faults import Fault
from shared.contracts.monitoring.streams import StreamSpec


class SourceObject(Reply):
    """Where documents are fetched from, and how that goes.

    Attributes:
        state: ``new``, ``fine`` or ``failing``.
        problem: Why it fails.
        failures: In a row.
        next_at: Unix seconds of the next look.
        documents: Passed on so far.
        refused: Items that said nothing.
    """

    name: str
    type: str
    state: str
    problem: str | None
    failures: int
    fetched_at: int | None
    next_at: int
    documents: int
    refused: int


class StreamObject(Resource):
    """A stream, and how far it is.

    Attributes:
        id: Its name.
        newest: Unix seconds; the end of the newest minute that a text was counted in.
        documents: Texts and copies counted so far.
        problems: What of its declaration cannot be done at present.
        sources: How fetching goes.
    """

    object: Literal["stream"] = "stream"
    created_at: int
    updated_at: int
    spec: StreamSpec
    newest: int | None
    documents: int
    problems: list[str]
    sources: list[SourceObject]


class DocumentsTaken(Reply):
    """What became of the rows of a call.

    Attributes:
        accepted: Durable, and counted soon.
        repeated: Ids that the stream has already, or that this call had before.
        refused: Rows that are no documents; ``faults`` tells the first 100 of them.
        remarks: What had to be assumed about rows that were accepted; the first 100.
    """

    object: Literal["stream.documents"] = "stream.documents"
    stream: str
    accepted: int
    repeated: int
    refused: int
    faults: list[Fault]
    remarks: list[Fault]


class Measured(Reply):
    """Counts of voices: a text that was passed on counts once.

    Attributes:
        texts: All of them; those whose sentiment could not be told are in none of the three counts.
        mean: Mean sentiment, -1 to 1.
        reach: Texts and copies.
    """

    texts: int
    negative: int
    neutral: int
    positive: int
    mean: float
    reach: int


class TrendPoint(Measured):
    """One step, or one scope of it: what is not grouped by is ``null``.

    Attributes:
        start: Unix seconds.
    """

    start: int
    entity: str | None = None
    topic: str | None = None
    language: str | None = None
    source: str | None = None


class StreamTrends(Reply):
    """What a stream said over time, oldest first; steps without a text are left out."""

    object: Literal["stream.trends"] = "stream.trends"
    stream: str
    since: int
    until: int
    step: int
    group: list[str]
    data: list[TrendPoint]


class Mover(Measured):
    """One scope in a span of time, beside the span before.

    Attributes:
        name: Of the entity, topic, language or source.
        share: Of the texts of all scopes, 0 to 1: its share of voice.
        before: The same counts in the span before.
        change: Of the mean sentiment; ``null`` without texts in both.
        growth: Of the texts, as a factor; ``null`` without texts before.
    """

    name: str
    share: float
    before: Measured
    change: float | None
    growth: float | None


class StreamMovers(Reply):
    """Scopes of a span of time, those that moved most first."""

    object: Literal["stream.movers"] = "stream.movers"
    stream: str
    since: int
    until: int
    group: str
    data: list[Mover]


class Pair(Reply):
    """Two that are named in the same documents, copies included."""

    entities: tuple[str, str]
    documents: int


class StreamPairs(Reply):
    """Who is named beside whom, the most frequent first."""

    object: Literal["stream.pairs"] = "stream.pairs"
    stream: str
    since: int
    until: int
    data: list[Pair]


class Towards(Reply):
    """How a document feels towards somebody."""

    entity: str
    sentiment: SentimentLabel | None
    score: float
    model: str


class TextPart(Reply):
    """A window of a long text, in characters of title and text with a line end between, and how it feels."""

    start: int
    end: int
    score: float


class RefusedObject(Resource):
    """An item of a source that is no document.

    Attributes:
        place: What finds it again, such as file and line.
        reason: Why, in a sentence.
        item: Its beginning, without personal numbers.
    """

    object: Literal["stream.refused_item"] = "stream.refused_item"
    created_at: int
    place: str
    reason: str
    item: str


class DocumentObject(Resource):
    """A document, as it came and as it was read.

    Attributes:
        copy_of: The document that it repeats; ``null``: it speaks for itself.
        remark: What had to be assumed about it.
        model: Which told the sentiment; empty: none could.
    """

    object: Literal["stream.document"] = "stream.document"
    stream: str
    title: str
    text: str
    source: str
    url: str
    author: str
    language: str
    topic: str
    published_at: float
    received_at: float
    sentiment: SentimentLabel | None
    score: float
    confidence: float
    model: str
    entities: list[Towards]
    parts: list[TextPart]
    copy_of: str | None
    meta: dict[str, str]
    remark: str
