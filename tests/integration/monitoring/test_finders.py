"""Names that a trained model finds are counted beside those of the watch-list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from services.monitoring.app import running
from services.monitoring.settings import MonitoringSettings
from services.nlu.app import running as running_nlu
from services.nlu.settings import NluSettings
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.store import open_store
from shared.contracts.monitoring.streams import DocumentsReceived, StreamDocument, StreamSpec, Watched
from shared.messaging.bus import Bus
from shared.messaging.envelope import envelope
from shared.settings import read_settings
from shared.storage.database.engine import Database, open_database
from shared.storage.monitoring import streams, trends
from shared.storage.tables.core import Model
from shared.storage.training import models
from tests import waiting
from tests.integration.places import Place
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of
from tests.unit.training.tiny_base import tiny_base

NOON = 1_790_000_000 // 86_400 * 86_400 + 43_200
_SAID = ("{} rises today", "the profit of {} falls", "analysts like {} again", "what {} sold last year")
_NAMES = ("nordwind", "kestrel", "velora", "quorin")


def _rows() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number in range(64):
        name, text = _NAMES[number % 4], _SAID[number // 4 % 4]
        start = text.index("{}")
        span = {"start": start, "end": start + len(name), "label": "company"}
        rows.append({"text": f"{text.format(name)} {'.' * (number // 16)}".strip(), "entities": [span]})
    return rows


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A model of a real job, on a tiny base."""
    home = tmp_path_factory.mktemp("tagger")
    base = tiny_base(home / "tiny")
    with job_kit.bench(home / "home", base_models=home) as bench:
        spec = job_kit.spec(str(base), bench.upload(_rows()), epochs=30)
        job_id, _, _ = attempt_at(bench, spec.model_copy(update={"task": "token_classification"}))
        job = bench.job(job_id)
        assert job.fine_tuned_model is not None, bench.told(job_id)
        return bundle_of(bench, job.fine_tuned_model, home / "cache")


def _counted(database: Database) -> Mapping[str, int]:
    with database.reading() as session:
        found = trends.series(session, "news", since=0, until=2 * NOON, entity=None, group=("entity",))
        return {bucket.entity: bucket.texts for bucket in found}


def test_names_of_a_model_are_counted_beside_the_watch_list(where: Place, bus: Bus, tagger: Bundle) -> None:
    model_id = tagger.manifest.model_id
    open_store(str(where.settings()["artifacts_url"])).put_folder(model_key(model_id), Path(tagger.folder))
    texts = ("velora rises today", "analysts like 海川 again", "what quorin sold last year", "海川 and velora")
    documents = tuple(
        StreamDocument(id=f"doc-{number}", text=text, published_at=NOON) for number, text in enumerate(texts)
    )
    with open_database(where.database_url) as database:
        with database.transaction() as session:
            row = Model(id=model_id, task="token_classification", base_model="tiny", created_at=1.0, size_bytes=1)
            models.add(session, row)
            # Nobody tells the sentiment: who is named is found without.
            spec = StreamSpec(watch=(Watched(name="海川"),), entity_finder=model_id, model="ft:none")
            streams.put(session, "news", spec, key_id="key", now=1.0)
        nlu = read_settings(NluSettings, **where.settings())
        monitoring = read_settings(MonitoringSettings, **where.settings())
        with running_nlu(nlu), running(monitoring), bus.publisher() as publisher:
            publisher.publish([envelope(DocumentsReceived(stream="news", documents=documents, received_at=NOON))])
            waiting.wait_for(lambda: len(_counted(database)) >= 3, 30, "three names")
        counted = _counted(database)
    assert counted["海川"] == 2
    assert counted["quorin"] == 1
    assert counted["velora"] >= 1
