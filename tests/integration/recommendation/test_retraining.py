"""When a catalog's model is trained again by itself, on what, and what leaves no trace; on both databases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from services.gateway.catalogs.ingest import add_events, put_items
from services.gateway.catalogs.retraining import retrain_due
from services.gateway.jobs.submission import JobSubmission
from services.training.data.loading import read_data
from services.training.data.splitting import Split
from services.training.jobs.lease import JobLease
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.recommendation.examples import examples_of
from services.training.tasks.recommendation.scores import Audience
from services.training.tasks.recommendation.task import by_time
from shared.artifacts.store import open_store
from shared.contracts.training.jobs import JobSpec
from shared.storage.database.engine import Database, open_database
from shared.storage.knowledge import catalogs
from shared.storage.tables.catalogs import Catalog
from shared.storage.tables.core import Job
from shared.storage.training import jobs
from shared.tasks.recommendation.histories import History
from shared.tasks.recommendation.record import EventRow, ItemRow
from tests.integration.places import KINDS, Kind, place
from tests.unit.training.tasks.samples import SAMPLES
from tests.unit.training.tiny_base import tiny_base

NOW = 1_800_000_000.0


@dataclass(frozen=True)
class Shelves:
    """Catalogs in a database, without a service."""

    database: Database
    submissions: JobSubmission
    artifacts: str
    id: str = field(default_factory=lambda: f"shop-{uuid4().hex[:8]}")

    def open(self, **rules: Any) -> Shelves:
        """Another catalog, with the items and events of the sample."""
        other = Shelves(self.database, self.submissions, self.artifacts)
        with self.database.transaction() as session:
            catalogs.add(session, Catalog(id=other.id, name="x", created_at=NOW, key_id="key", **rules))
        rows = SAMPLES["recommendation", ""].rows
        put_items(self.database, other.id, [ItemRow(**row) for row in rows if "text" in row], NOW)
        add_events(self.database, other.id, [EventRow(**row) for row in rows if "text" not in row])
        return other

    def buy(self, count: int, item: str, at: float = NOW) -> None:
        """So many purchases of an item, each by somebody else."""
        told = [EventRow(item, "purchase", at + number, user_id=f"{item} {number}") for number in range(count)]
        add_events(self.database, self.id, told)

    def ordered(self, now: float = NOW) -> list[Job]:
        """The jobs of the catalog, once what is due has been ordered twice over; all of them are then over."""
        for _ in range(2):
            retrain_due(self.database, self.submissions, now)
        with self.database.transaction() as session:
            mine = [job for job in jobs.page(session, limit=50).items if job.spec.catalog == self.id]
            for job in mine:
                jobs.request_cancel(session, job.id, time.time())
        return mine

    def rows(self, until: float) -> Split[History]:
        """What a job that was ordered then learns from."""
        lease = JobLease(self.database, "job", "token", Event())
        spec = JobSpec(model="minilm", task="recommendation", training_file="", catalog=self.id)
        return read_data(spec, 1, lease, open_store(self.artifacts), by_time, until=until).parts


class _Asleep:
    """Nobody is to begin with the job."""

    def wake(self, _job_id: str) -> None:
        """The reaper would send it again."""


@pytest.fixture(scope="module", params=KINDS)
def shelves(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelves]:
    kind: Kind = request.param
    with place(kind, tmp_path_factory.mktemp(kind)) as where:
        settings = where.settings()
        artifacts = str(settings["artifacts_url"])
        with open_database(str(settings["database_url"])) as database:
            yield Shelves(database, JobSubmission(database, open_store(artifacts), _Asleep(), time.time), artifacts)


def test_new_events_order_one_job_and_then_as_many_again(shelves: Shelves) -> None:
    shop = shelves.open(retrain_events=150)
    shop.buy(140, "tea 1")
    first = shop.ordered()
    assert len(first) == 1, "with those of the sample there are enough"
    shop.buy(140, "tea 2")
    assert len(shop.ordered()) == 1
    shop.buy(10, "tea 3")
    assert len(shop.ordered()) == 2


def test_drift_is_what_the_model_never_saw(shelves: Shelves) -> None:
    shop = shelves.open(retrain_drift=0.3)
    with shop.database.transaction() as session:
        catalogs.note_training(session, shop.id)
    shop.buy(200, "tea 1")
    assert shop.ordered() == [], "what is known does not drift"
    shop.buy(80, "kettle")
    assert shop.ordered() == [], "80 of 280"
    shop.buy(10, "cup")
    assert len(shop.ordered()) == 1


def test_a_catalog_without_a_rule_and_one_that_did_not_change_order_nothing(shelves: Shelves) -> None:
    assert shelves.open().ordered(NOW + 1e9) == []
    shop = shelves.open(retrain_seconds=3600.0)
    assert shop.ordered() == []
    assert len(shop.ordered(NOW + 4000)) == 1
    assert len(shop.ordered(NOW + 9000)) == 1


def test_events_after_the_cut_change_nothing_that_is_learned_from(shelves: Shelves, tmp_path: Path) -> None:
    shop, until = shelves.open(), NOW
    encoder = TextEncoder.load(tiny_base(tmp_path / "tiny"), 32)

    def learned() -> tuple[object, ...]:
        parts = shop.rows(until)
        audience = Audience(parts.test)
        seen = [(one.person, one.right, one.history.tolist(), one.popularity.tolist()) for one in audience.judged()]
        return parts, examples_of(encoder, parts.train, None, hard=True), seen, audience.counts().tolist()

    before = learned()
    everybody = sorted({row.who for row in shop.rows(until).test})
    shop.buy(300, "lamp 1", at=until + 1)
    late = [
        EventRow("lamp 2", kind, until + 10 + place, user_id=who.removeprefix("u:"))
        for place, who in enumerate(everybody)
        for kind in ("purchase", "return", "dismiss")
    ]
    add_events(shop.database, shop.id, late)
    assert learned() == before
    assert shop.rows(until + 1e6) != before[0]


def test_hard_negatives_are_alike_and_never_of_the_persons_own_history(shelves: Shelves, tmp_path: Path) -> None:
    train = shelves.open().rows(NOW).train
    encoder = TextEncoder.load(tiny_base(tmp_path / "tiny"), 32)
    texts = {
        tuple(one.ids): text
        for row in train
        for text in [v.item.text for v in row.visits]
        for one in encoder.tokens.encode([text])
    }
    told = {row.who: {visit.item.text for visit in row.visits} for row in train}
    found = examples_of(encoder, train, None, hard=True)
    hard = [example for example in found if len(example.texts) == 2]
    assert len(hard) > len(found) // 2
    pairs = iter(found)
    for row in train:
        for _ in row.visits[1:]:
            example = next(pairs)
            assert all(texts[wrong] not in told[row.who] for wrong in example.texts[1:])
            assert not np.array_equal(example.texts[0], example.texts[-1]) or len(example.texts) == 1


def test_a_return_undoes_a_purchase_in_what_is_learned(shelves: Shelves) -> None:
    shop = shelves.open()
    person = next(row for row in shop.rows(NOW).test if len(row.visits) > 3)
    first = person.visits[0].item.item_id
    add_events(shop.database, shop.id, [EventRow(first, "return", NOW - 1, user_id=person.who.removeprefix("u:"))])
    after = next(row for row in shop.rows(NOW).test if row.who == person.who)
    assert first not in {visit.item.item_id for visit in after.visits}


def test_two_catalogs_with_the_same_ids_share_nothing(shelves: Shelves) -> None:
    one, other = shelves.open(), shelves.open()
    other.buy(50, "tea 1")
    put_items(other.database, other.id, [ItemRow("tea 1", "another text")], NOW)
    rows = one.rows(NOW + 1e6)
    assert rows == one.rows(NOW), "nothing of the other's later events"
    assert "another text" not in {visit.item.text for row in rows.test for visit in row.visits}
    with one.database.transaction() as session:
        catalogs.advance(session, other.id, anew=True)
        assert catalogs.forget(session, other.id, "u:tea 1 0") == 1
        assert catalogs.events_of(session, one.id, "u:tea 1 0") == []
        catalogs.remove(session, other.id)
        assert catalogs.item_count(session, one.id) > 0
    assert one.rows(NOW) == rows
