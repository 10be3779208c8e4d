"""The knowledge base as the official client sees it, on both databases and both buses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import BadRequestError, NotFoundError, PermissionDeniedError

from services.generation import app as generation
from services.generation.settings import GenerationSettings
from shared.artifacts.bundle import Bundle
from shared.settings import read_settings
from shared.storage.knowledge import indexing, vector_stores
from tests.bundles import Recipe, tiny_bundle
from tests.documents import encrypted_pdf, pdf, word
from tests.integration.generation.knowledge_base import KEY, KnowledgeBase, knowledge_base
from tests.integration.places import KINDS, place
from tests.task_bundles import task_bundle
from tests.waiting import wait_for

SOON = 240.0
READER, EMBEDDER, RANKER = "ft:tiny:parley::reader", "ft:tiny:parley:embedder:1", "ft:tiny:parley:ranker:1"
POLL: Any = {"poll_interval_ms": 50}
BY_WORDS: Any = {"ranker": "none", "hybrid_search": {"embedding_weight": 0, "text_weight": 1}}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    folder = tmp_path_factory.mktemp("bundles")
    return [
        tiny_bundle(folder / "reader", Recipe(model_id=READER)),
        task_bundle(folder / "embedder", "embedding", EMBEDDER),
        task_bundle(folder / "ranker", "ranking", RANKER),
    ]


@pytest.fixture(scope="module", params=KINDS)
def base(
    request: pytest.FixtureRequest, bundles: list[Bundle], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KnowledgeBase]:
    with place(request.param, tmp_path_factory.mktemp("knowledge")) as where, knowledge_base(where, bundles) as base:
        yield base


def test_a_store_from_its_making_to_its_end(base: KnowledgeBase) -> None:
    stores = base.client.vector_stores
    file = base.upload("hours.md", b"# Hours\n\nThe shop opens at nine and closes at five.")
    made = stores.create(name="shop", file_ids=[file], metadata={"team": "a"})
    assert made.file_counts.total == 1
    polled = stores.files.poll(file, vector_store_id=made.id, **POLL)
    assert (polled.status, polled.last_error, polled.id, polled.vector_store_id) == ("completed", None, file, made.id)
    found = stores.retrieve(made.id)
    assert (found.status, found.file_counts.completed, found.metadata) == ("completed", 1, {"team": "a"})
    assert found.usage_bytes > 40
    renamed = stores.update(made.id, name="other", expires_after={"anchor": "last_active_at", "days": 3})
    assert (renamed.name, renamed.expires_at) == ("other", (renamed.last_active_at or 0) + 3 * 86_400)
    assert stores.retrieve(made.id).metadata == {"team": "a"}, "what is not named stays"
    [text] = stores.files.content(file, vector_store_id=made.id).data
    assert text.text == "# Hours\n\nThe shop opens at nine and closes at five."
    assert made.id in [store.id for store in stores.list(limit=1)]
    assert stores.delete(made.id).deleted
    with pytest.raises(NotFoundError):
        stores.retrieve(made.id)
    assert base.client.files.retrieve(file).id == file


def test_files_of_every_kind_are_found(base: KnowledgeBase) -> None:
    stores = base.client.vector_stores
    store = stores.create(name="kinds")
    contents = {
        "a.txt": b"parcels travel by train",
        "b.md": b"# Refunds\n\nrefunds take a week",
        "c.html": b"<p>the museum is closed on mondays</p>",
        "d.pdf": pdf("the warranty lasts two years"),
        "e.docx": word("umbrellas are sold in winter"),
        "f.csv": "question,answer\n运费多少,每件十元\nwho pays,the sender\n".encode(),
    }
    batch = stores.file_batches.upload_and_poll(store.id, files=list(contents.items()), **POLL)
    assert (batch.status, batch.file_counts.completed, batch.file_counts.total) == ("completed", 6, 6)
    assert {file.status for file in stores.file_batches.list_files(batch.id, vector_store_id=store.id)} == {"completed"}
    for query, name in (
        ("which train", "a.txt"),
        ("refund", "b.md"),
        ("museum monday", "c.html"),
        ("warranty", "d.pdf"),
        ("umbrella", "e.docx"),
        ("运费", "f.csv"),
    ):
        best = stores.search(store.id, query=query, ranking_options={"ranker": "none"}).data[0]
        assert (best.filename, best.content[0].type) == (name, "text")
        assert 0 < best.score <= 1


def test_a_file_that_cannot_be_read_says_why_and_holds_up_nobody(base: KnowledgeBase) -> None:
    stores = base.client.vector_stores
    store = stores.create()
    broken = {
        "a.pdf": (encrypted_pdf(), "invalid_file", "password"),
        "b.docx": (b"PK\x03\x04", "invalid_file", "broken"),
        "c.txt": (b"  \n", "invalid_file", "no text"),
        "d.exe": (b"MZ", "unsupported_file", ".exe"),
    }
    for name, (content, code, said) in broken.items():
        file = stores.files.create_and_poll(base.upload(name, content), vector_store_id=store.id, **POLL)
        assert file.status == "failed"
        assert file.last_error is not None
        assert (file.last_error.code, said in file.last_error.message) == (code, True)
    good = stores.files.create_and_poll(base.upload("e.txt", b"fine"), vector_store_id=store.id, **POLL)
    assert good.status == "completed"
    counts = stores.retrieve(store.id).file_counts
    assert (counts.failed, counts.completed) == (4, 1)
    assert len(list(stores.files.list(store.id, filter="failed", limit=2))) == 4
    with pytest.raises(BadRequestError, match="failed"):
        stores.files.content(next(iter(stores.files.list(store.id, filter="failed"))).id, vector_store_id=store.id)


def test_a_search_by_attributes_weights_and_several_questions(base: KnowledgeBase) -> None:
    stores = base.client.vector_stores
    store = stores.create()
    for year in (2023, 2024):
        stores.files.create_and_poll(
            base.upload(f"{year}.txt", f"the price of tea in {year} was high".encode()),
            vector_store_id=store.id,
            attributes={"year": year, "draft": year == 2024},
            **POLL,
        )
    filters: Any = {"type": "and", "filters": [{"type": "gte", "key": "year", "value": 2024}]}
    found = stores.search(store.id, query=["tea", "price of tea"], filters=filters, rewrite_query=True)
    assert [result.filename for result in found.data] == ["2024.txt"]
    assert found.data[0].attributes == {"year": 2024.0, "draft": True}
    by_words = stores.search(store.id, query="2023", ranking_options=BY_WORDS)
    assert [(one.filename, one.score) for one in by_words.data] == [("2023.txt", 1.0)]
    words = BY_WORDS | {"score_threshold": 0.9}
    assert [one.filename for one in stores.search(store.id, query="2024 tea", ranking_options=words).data] == [
        "2024.txt",
        "2023.txt",
    ]
    file = by_words.data[0].file_id
    assert stores.files.update(file, vector_store_id=store.id, attributes={"year": 1}).attributes == {"year": 1}
    assert (
        stores.search(store.id, query="tea", filters={"type": "eq", "key": "year", "value": 1}).data[0].file_id == file
    )
    stores.files.delete(file, vector_store_id=store.id)
    assert [one.filename for one in stores.search(store.id, query="tea").data] == ["2024.txt"]


def raw_search(base: KnowledgeBase, store_id: str, query: str, **options: Any) -> dict[str, Any]:
    answer = httpx.post(
        f"{base.url}/v1/vector_stores/{store_id}/search",
        json={"query": query} | options,
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=60,
    )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def test_words_serve_until_there_is_a_model_and_each_model_until_the_next(base: KnowledgeBase) -> None:
    stores = base.client.vector_stores
    store = stores.create(extra_body={"embedding_model": "parley/papers"})
    file = stores.files.create_and_poll(base.upload("a.txt", b"green tea"), vector_store_id=store.id, **POLL)
    assert (file.status, (file.model_extra or {})["embedding_model"]) == ("completed", None)
    assert raw_search(base, store.id, "tea")["embedding_models"] == []

    def served() -> list[str]:
        models: list[str] = raw_search(base, store.id, "tea")["embedding_models"]
        return models

    base.promote(EMBEDDER, "papers")
    wait_for(lambda: served() == [EMBEDDER], SOON, "vectors of the first model")
    found = raw_search(base, store.id, "green tea")
    assert found["data"][0]["parley"]["similarity"] == pytest.approx(1.0, abs=0.01)
    assert stores.retrieve(store.id).status == "completed", "the file stayed searchable all the time"


def test_a_ranking_model_judges_what_was_found(base: KnowledgeBase) -> None:
    stores = base.client.vector_stores
    store = stores.create()
    for name in ("a", "b"):
        stores.files.create_and_poll(
            base.upload(f"{name}.txt", b"tea " + name.encode()), vector_store_id=store.id, **POLL
        )
    assert raw_search(base, store.id, "tea")["ranking_model"] is None
    base.promote(RANKER, "ranking")
    judged = raw_search(base, store.id, "tea")
    assert judged["ranking_model"] == RANKER
    scores = [one["score"] for one in judged["data"]]
    assert scores == sorted(scores, reverse=True)
    assert raw_search(base, store.id, "tea", ranking_options={"ranker": "none"})["ranking_model"] is None


def test_what_is_refused(base: KnowledgeBase) -> None:
    stores = base.client.vector_stores
    store = stores.create()
    with pytest.raises(NotFoundError, match="No file"):
        stores.files.create(vector_store_id=store.id, file_id="file-nowhere")
    with pytest.raises(NotFoundError, match="No vector store"):
        stores.search("vs_nowhere", query="x")
    with pytest.raises(BadRequestError, match="share 50"):
        stores.files.create(
            vector_store_id=store.id,
            file_id=base.upload("a.txt", b"x"),
            chunking_strategy={"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 51}},
        )
    weights: Any = {"hybrid_search": {"embedding_weight": 0, "text_weight": 0}}
    with pytest.raises(BadRequestError, match="more than 0"):
        stores.search(store.id, query="x", ranking_options=weights)
    with pytest.raises(BadRequestError, match="max_num_results"):
        stores.search(store.id, query="x", max_num_results=51)
    with pytest.raises(NotFoundError, match="No model"):
        stores.create(extra_body={"embedding_model": "ft:nobody"})
    key = httpx.post(
        f"{base.url}/v1/keys", json={"name": "chat", "role": "chat"}, headers={"Authorization": f"Bearer {KEY}"}
    ).json()["key"]
    with pytest.raises(PermissionDeniedError):
        base.client.with_options(api_key=key).vector_stores.search(store.id, query="x")


def test_a_batch_can_be_cancelled_and_a_store_expires(base: KnowledgeBase) -> None:
    stores = base.client.vector_stores
    store = stores.create(expires_after={"anchor": "last_active_at", "days": 1})
    files = [base.upload(f"{number}.txt", b"words") for number in range(3)]
    batch = stores.file_batches.create(store.id, file_ids=files)
    cancelled = stores.file_batches.cancel(batch.id, vector_store_id=store.id)
    assert cancelled.status == "cancelled"
    assert cancelled.file_counts.in_progress == 0
    with base.database.transaction() as session:
        vector_stores.change(session, store.id, {"last_active_at": 1.0})
    assert stores.retrieve(store.id).status == "expired"
    with pytest.raises(BadRequestError, match="expired"):
        stores.search(store.id, query="words")
    with pytest.raises(BadRequestError, match="expired"):
        stores.files.create(vector_store_id=store.id, file_id=files[0])


def test_a_page_before_another(base: KnowledgeBase) -> None:
    stores = base.client.vector_stores
    made = [stores.create(name=str(number)).id for number in range(4)]
    first = stores.list(limit=2).data
    assert [store.id for store in first] == [made[3], made[2]]
    second = stores.list(limit=2, after=first[-1].id).data
    assert [store.id for store in second] == [made[1], made[0]]
    assert [store.id for store in stores.list(limit=2, before=second[0].id).data] == [made[3], made[2]]


def test_a_reader_that_is_killed_loses_no_file(bundles: list[Bundle], tmp_path: Path) -> None:
    """A worker dies with a lease and some of the vectors; another goes on from there."""
    lease = {"knowledge_lease_seconds": 3.0}
    with place("stack", tmp_path) as where, knowledge_base(where, bundles[:1], generating=False) as base:
        base.promote(READER, "nlu")
        store = base.client.vector_stores.create()
        text = "\n\n".join(f"Paragraph {number} tells of item {number} at length." for number in range(3_000))
        file = base.upload("long.txt", text.encode())
        environment = os.environ | where.environment() | {"PARLEY_KNOWLEDGE_LEASE_SECONDS": "3"}
        reader = subprocess.Popen([sys.executable, "-m", "services.generation"], env=environment)
        try:
            base.client.vector_stores.files.create(vector_store_id=store.id, file_id=file)
            wait_for(lambda: _segments(base, store.id, file) > 0, SOON, "the first vectors")
        finally:
            reader.send_signal(signal.SIGKILL)
            reader.wait()
        before = _segments(base, store.id, file)
        assert base.client.vector_stores.files.retrieve(file, vector_store_id=store.id).status == "in_progress"
        with generation.running(read_settings(GenerationSettings, **where.settings(), **lease)):
            done = base.client.vector_stores.files.poll(file, vector_store_id=store.id, **POLL)
            assert (done.status, (done.model_extra or {})["embedding_model"]) == ("completed", READER)
            assert _segments(base, store.id, file) > before
            found = raw_search(base, store.id, "2999", ranking_options=BY_WORDS, max_num_results=1)["data"][0]
        assert "item 2999" in found["content"][0]["text"]


def _segments(base: KnowledgeBase, store_id: str, file_id: str) -> int:
    with base.database.reading() as session:
        document = vector_stores.file(session, store_id, file_id)
        return len(indexing.vectors(session, document.model_copy(update={"embedder": READER})))
