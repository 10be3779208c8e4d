"""Once their time is over, no word is left in any store: a planted word is looked for in every table and every file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Integer, Numeric
from sqlmodel import select

from services.gateway.conversations.retention import forget_silent
from services.gateway.customers.retention import forget_unseen
from services.gateway.files.expiry import delete_expired
from services.monitoring.streams.retention import prune_streams
from shared.artifacts import layout
from shared.artifacts.store import open_store
from shared.contracts.channels import CustomerChannel
from shared.contracts.monitoring.streams import StreamSpec
from shared.storage.chat import channels
from shared.storage.monitoring import alerts, streams
from shared.storage.tables.channels import ChannelMessage, ChannelThread
from shared.storage.tables.core import Conversation, Response, ResponsePiece
from shared.storage.tables.every import METADATA
from shared.storage.tables.guards import GuardReview
from shared.storage.tables.people import Customer, KnowledgeProposal
from shared.storage.tables.platform import RefusedItem
from shared.storage.tables.streams import Document, DocumentMention
from tests.unit.gateway.platform import Platform, running_platform
from tests.unit.gateway.test_conversations import begin, say
from tests.unit.gateway.test_customers import MARK, chat, everywhere

DAY = 86_400.0
DOCS = Path(__file__).parents[3] / "docs" / "retention.md"


#: Stores in which no word is planted, and why none is lost by time alone; all others are looked into.
KEPT: Mapping[str, str] = {
    **dict.fromkeys(["batches", "evals", "eval_runs", "eval_output_items"], "the team's own rows, until deleted"),
    **dict.fromkeys(
        ["vector_stores", "vector_store_files", "vector_store_batches", "vector_store_chunks"], "documents"
    ),
    "vector_store_vectors": "documents, until their store is deleted or over",
    **dict.fromkeys(["catalogs", "catalog_items", "catalog_events", "catalog_opt_outs"], "goods, until deleted"),
    **dict.fromkeys(
        ["jobs", "job_events", "job_checkpoints", "models", "promotions", "loop_rules", "loop_rounds"], "of models"
    ),
    **dict.fromkeys(
        ["api_keys", "bots", "channels", "alert_channels", "webhook_endpoints", "widgets", "streams"], "declared"
    ),
    "stream_sources": "declared by the team",
    **dict.fromkeys(["uploads", "upload_parts"], "names of files, an hour: see the tests of uploads"),
    **dict.fromkeys(
        ["reanalyses", "rereadings", "sentiment_observations", "sentiment_counts", "trend_buckets"], "labels"
    ),
    "text_bands": "hashes",
    **dict.fromkeys(["audit_entries", "webhook_deliveries", "alert_notices"], "ids of what happened"),
    **dict.fromkeys(["processes", "troubles", "input_windows"], "how the platform did"),
}
#: The rooms of the artifact store, each with the rule by which what lies in it goes.
ROOMS: Mapping[str, str] = {
    "files": "looked into here",
    "uploads": "an hour",
    "batches": "with the batch",
    "media": "once it was read",
    "models": "with the model",
    "encoders": "with the model",
    "jobs": "with the job",
}


def holds_words(column: Column[Any]) -> bool:
    """Whether a column may hold words at all: any type but numbers and truth values, however it is made."""
    return not isinstance(column.type, Integer | Numeric | Boolean)


def test_every_room_of_the_artifacts_has_a_rule() -> None:
    """A new room needs one before it is released."""
    makers = [one for name, one in vars(layout).items() if name.endswith("_key")]
    assert {maker("x").split("/")[0] for maker in makers} == ROOMS.keys()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("retention")) as started:
        yield started


def spoken(platform: Platform) -> float:
    """Say the word wherever a customer, a colleague or a client can; returns when."""
    with platform.http() as http, platform.client() as client:
        chat(client, f"hello {MARK}", store=True)
        conversation_id = begin(http, metadata={"note": MARK})
        mine = f"/v1/conversations/{conversation_id}"
        turn = say(http, conversation_id, f"person {MARK}").json()
        http.post("/v1/feedback", json={"turn_id": turn["turn_id"], "comment": MARK}).raise_for_status()
        http.post(f"{mine}/take_over").raise_for_status()
        http.post(f"{mine}/replies", json={"content": MARK, "author": "Bob"}).raise_for_status()
        http.post(f"{mine}/notes", json={"text": MARK, "author": "Bob"}).raise_for_status()
        client.responses.create(model="parley", input=f"and {MARK}?")
        posted = {"purpose": "user_data", "expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
        http.post("/v1/files", data=posted, files={"file": (f"{MARK}.txt", MARK.encode())}).raise_for_status()
        now = float(http.get(mine).json()["created_at"])
    _over_a_channel(platform, conversation_id, now)
    _beside(platform, conversation_id, turn["turn_id"], now)
    return now


def _beside(platform: Platform, conversation_id: str, turn_id: str, now: float) -> None:
    """What others make of a conversation: a request that waits, a pair that is proposed, pieces of an answer, a profile."""
    review = GuardReview(
        id="guard_1",
        created_at=now,
        turn_id=turn_id,
        conversation_id=conversation_id,
        guard="four_eyes",
        rule="move",
        side="message",
        blocked=True,
        withheld=MARK,
        slots={"name": MARK},
        votes=[{"comment": MARK}],
    )
    pair: dict[str, Any] = {"question": MARK, "answer": MARK, "author": "Bob"}
    with platform.database.transaction() as session:
        session.add_all(
            [
                review,
                KnowledgeProposal(id="prop_1", conversation_id=conversation_id, created_at=now, **pair),
                ResponsePiece(
                    response_id=session.exec(select(Response)).all()[0].id, attempt=0, number=0, pieces=[MARK]
                ),
                Customer(
                    id="cus_1",
                    key_id="key",
                    created_at=now,
                    updated_at=now,
                    seen_at=now,
                    name=MARK,
                    attributes={"note": MARK},
                ),
            ]
        )


def _over_a_channel(platform: Platform, conversation_id: str, now: float) -> None:
    """A message that was given up keeps its words, and a thread what an answer needs."""
    setting = {"type": "telegram", "token": f"1:{'x' * 30}", "secret": "some-secret"}
    thread = ChannelThread(channel_id="bot", thread="t", conversation_id=conversation_id, reply={"to": MARK})
    gone: dict[str, Any] = {
        "channel_id": "bot",
        "direction": "out",
        "created_at": now,
        "next_at": now,
        "content": {"text": MARK},
    }
    failed: dict[str, Any] = {"status": "failed", "finished_at": now}
    with platform.database.transaction() as session:
        channels.put(session, "bot", CustomerChannel.model_validate(setting), key_id="key", now=now)
        channels.attach(session, thread)
        rows = [ChannelMessage(thread=name, external_id=name, **gone, **failed) for name in ("t", "of nobody")]
        channels.take_in(session, rows)


def streamed(platform: Platform, now: float) -> None:
    """The word in a document, in what was refused, and in an alert that is over."""
    words: dict[str, Any] = dict.fromkeys(
        ("id", "title", "text", "source", "url", "author", "language", "topic", "model"), MARK
    )
    document = Document(stream="news", published_at=now, received_at=now, score=0, confidence=0, **words)
    refused = RefusedItem(id="r", stream="news", source="s", created_at=now, place="p", reason="r", item=MARK)
    told = {"documents": [{"title": MARK}], "terms": [{"term": MARK}], "observed": 3}
    with platform.database.transaction() as session:
        streams.put(session, "news", StreamSpec(retention_days=30), key_id="key", now=now)
        mention = DocumentMention(stream="news", document_id=MARK, entity=MARK, published_at=now, score=0, model="m")
        session.add_all([document, refused, mention])
        alert = alerts.open(
            session, stream="news", rule="volume", share=1, volume=3, threshold=1, evidence=["d"], now=now, details=told
        )
        assert alert is not None
        assert alerts.resolve(session, alert.id, share=0, volume=0, now=now)


def time_passes(platform: Platform, now: float) -> None:
    """All that deletes by itself, at a moment, with 30 days everywhere."""
    forget_silent(platform.database, 30, now)
    forget_unseen(platform.database, 30, now)
    delete_expired(platform.database, open_store(platform.settings.artifacts), now)
    prune_streams(platform.database, now)
    with platform.database.transaction() as session:
        channels.prune(session, now - 30 * DAY)


def test_no_word_outlives_its_time_in_any_store(platform: Platform) -> None:
    now = spoken(platform)
    streamed(platform, now)
    planted = set(everywhere(platform))
    tables = {table.name for table in METADATA.sorted_tables if any(map(holds_words, table.columns))}
    assert (tables - planted) ^ KEPT.keys() == set(), (
        "a store is planted in, or named with the rule by which its words stay"
    )
    assert KEPT.keys() & planted == set()
    assert any(not name.isidentifier() or name not in METADATA.tables for name in planted), "a file holds it too"
    time_passes(platform, now + 29 * DAY)
    assert planted - set(everywhere(platform)) <= {"files"} | (planted - tables), "the file had an hour"
    time_passes(platform, now + 31 * DAY)
    assert everywhere(platform) == []
    with platform.database.reading() as session:
        assert alerts.page(session).items[0].details == {"observed": 3}, "figures stay"


def test_what_is_still_spoken_in_stays_whole_and_without_a_setting_all_does(platform: Platform) -> None:
    with platform.http() as http:
        conversation_id = begin(http)
        first = say(http, conversation_id, "hello").json()["created_at"]
        with platform.database.transaction() as session:
            conversation = session.get(Conversation, conversation_id)
            assert conversation is not None
            conversation.created_at = first - 100 * DAY
            session.add(conversation)
        forget_silent(platform.database, None, first + 1e9)
        forget_silent(platform.database, 30, first + 29 * DAY)
        assert http.get(f"/v1/conversations/{conversation_id}").json()["turns"] == 1
        forget_silent(platform.database, 30, first + 31 * DAY)
        assert http.get(f"/v1/conversations/{conversation_id}").status_code == 404


def test_the_page_of_rules_names_every_table() -> None:
    """A new table needs a rule before it is released."""
    page = DOCS.read_text()
    assert [name for name in sorted(METADATA.tables) if f"`{name}`" not in page] == []
