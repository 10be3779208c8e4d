"""A catalog from its items and events to what is offered, on both buses and both databases."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.training.jobs.child import ENDED
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.contracts.training.jobs import Hyperparameters, JobSpec, Schedule, catalog_deployment
from shared.storage.training import models
from shared.tasks.recommendation.reader import RecommendingReader
from tests.integration.places import KINDS, Kind, place
from tests.integration.recommendation.shop import Shop, bought, opened
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at
from tests.unit.training.tiny_base import tiny_base


@pytest.fixture(scope="module", params=KINDS)
def platform(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    kind: Kind = request.param
    with place(kind, tmp_path_factory.mktemp(kind)) as where, opened(where) as shop:
        yield shop


@pytest.fixture(scope="module")
def full(platform: Shop) -> Shop:
    """A catalog that tests only read."""
    return platform.filled()


def test_rows_are_refused_by_number_and_the_others_are_kept(platform: Shop) -> None:
    shop = platform.open()
    told = shop.send("items", [{"item_id": "a", "text": "green tea"}, {"item_id": "b"}, {"item_id": 3, "text": "x"}])
    assert (told["accepted"], told["refused"]) == (1, 2)
    assert [fault["line"] for fault in told["faults"]] == [2, 3]
    events = [
        *bought("ann", "a"),
        {"user_id": "ann", "session_id": "s", "item_id": "a", "type": "view", "timestamp": 1},
    ]
    told = shop.send("events", events)
    assert (told["accepted"], told["new"], told["refused"]) == (1, 1, 1)
    assert "and not both" in told["faults"][0]["message"]
    assert [one["item_id"] for one in shop.http.get(f"/v1/catalogs/{shop.catalog}/items").json()["data"]] == ["a"]


def test_repeated_and_shuffled_events_count_once(platform: Shop) -> None:
    shop, events = platform.open(), bought("ann", "a", "b", "c")
    shop.send("items", [{"item_id": name, "text": name} for name in "abc"])
    assert shop.send("events", events)["new"] == 3
    random.Random(0).shuffle(events)
    assert shop.send("events", events + events)["new"] == 0
    told = shop.http.get(f"/v1/catalogs/{shop.catalog}/users/ann").json()
    assert [event["item_id"] for event in told["events"]] == ["a", "b", "c"]


def test_before_a_model_is_trained_popularity_and_likeness_are_offered(full: Shop) -> None:
    popular = full.ask(n=3)
    assert popular["model"] is None
    assert {one["reason"]["kind"] for one in popular["data"]} == {"popularity"}
    assert popular["data"][0]["reason"]["popularity"] >= popular["data"][2]["reason"]["popularity"]
    asked = full.ask(query="green tea", n=4)["data"]
    assert [one["item_id"].split()[0] for one in asked] == ["tea"] * 4
    assert all(one["reason"]["kind"] == "query" for one in asked)
    alike = full.ask(session=["lamp 1"], n=3)["data"]
    assert [one["item_id"].split()[0] for one in alike] == ["lamp"] * 3
    assert alike[0]["reason"] == alike[0]["reason"] | {"kind": "likeness", "items": ["lamp 1"]}


def test_items_like_an_item(full: Shop) -> None:
    url = f"/v1/catalogs/{full.catalog}/items"
    found = full.http.post(f"{url}/tea 1/similar", json={"n": 3}).json()["data"]
    assert [one["item_id"].split()[0] for one in found] == ["tea"] * 3
    assert "tea 1" not in {one["item_id"] for one in found}
    missing = full.http.post(f"{url}/nothing/similar", json={})
    assert missing.status_code == 404, missing.text


@pytest.mark.parametrize(
    ("filters", "kinds"),
    [
        ({"type": "eq", "key": "category", "value": "shoes"}, {"shoes"}),
        ({"type": "nin", "key": "category", "value": ["shoes", "tea"]}, {"lamp"}),
        (
            {
                "type": "and",
                "filters": [
                    {"type": "lt", "key": "price", "value": 12},
                    {"type": "or", "filters": [{"type": "eq", "key": "category", "value": "tea"}]},
                ],
            },
            {"tea"},
        ),
    ],
)
def test_filters(filters: dict[str, object], kinds: set[str], full: Shop) -> None:
    found = full.offered(filters=filters, n=20)
    assert {item.split()[0] for item in found} == kinds


def test_a_wrong_filter_is_refused_with_its_place(full: Shop) -> None:
    wrong = {"type": "and", "filters": [{"type": "like", "key": "price", "value": 1}]}
    reply = full.http.post("/v1/recommendations", json={"catalog": full.catalog, "filters": wrong})
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "filters.filters[0].type"


def test_diversity_offers_what_is_unlike(full: Shop) -> None:
    narrow = full.offered(session=["tea 1"], n=6)
    wide = full.offered(session=["tea 1"], n=6, diversity=0.9)
    assert len({item.split()[0] for item in narrow}) < len({item.split()[0] for item in wide})


def test_a_fresh_event_changes_the_next_answer(platform: Shop) -> None:
    shop = platform.filled()
    shop.send("events", bought("new", "lamp 1"))
    assert shop.offered(user_id="new", n=3)[0].startswith("lamp")
    shop.send("events", bought("new", "tea 1", "tea 2", "tea 3", at=time.time() + 5))
    after = shop.ask(user_id="new", n=3)["data"]
    assert after[0]["item_id"].startswith("tea")
    assert not {"lamp 1", "tea 1", "tea 2", "tea 3"} & {one["item_id"] for one in after}


def test_a_new_item_is_offered_at_once(platform: Shop) -> None:
    shop = platform.filled()
    shop.offered(n=1)
    shop.send("items", [{"item_id": "kettle", "text": "a kettle of copper for boiling water"}])
    assert shop.offered(query="copper kettle", n=1) == ["kettle"]
    shop.send("items", [{"item_id": "kettle", "text": "a kettle of copper", "available": False}])
    assert "kettle" not in shop.offered(query="copper kettle", n=30)
    shop.http.delete(f"/v1/catalogs/{shop.catalog}/items/kettle").raise_for_status()
    assert shop.http.get(f"/v1/catalogs/{shop.catalog}/items/kettle").status_code == 404


def test_a_return_undoes_a_purchase_and_a_dismissal_hides(platform: Shop) -> None:
    shop = platform.filled()
    shop.send("events", bought("ann", "tea 1", "tea 2"))
    shop.send("events", [{"user_id": "ann", "item_id": "tea 2", "type": "return", "timestamp": time.time() + 60}])
    profile = shop.http.get(f"/v1/catalogs/{shop.catalog}/users/ann").json()["profile"]
    assert (profile["chosen"], profile["refused"]) == (["tea 1"], ["tea 2"])
    assert profile["categories"] == [{"name": "tea", "share": 1.0}]
    assert profile["usual_price"] == 11.0
    assert "tea 2" not in shop.offered(user_id="ann", n=50), "it was sent back"
    shop.send("events", bought("ann", "tea 2", at=time.time() + 120))
    shop.send("events", [{"user_id": "ann", "item_id": "tea 3", "type": "dismiss", "timestamp": time.time() + 180}])
    assert "tea 3" not in shop.offered(user_id="ann", n=50)


def test_two_catalogs_never_mix(platform: Shop) -> None:
    one, other = platform.filled(), platform.open()
    other.send("items", [{"item_id": "tea 1", "text": "another thing"}, {"item_id": "own", "text": "green tea"}])
    assert set(other.offered(n=50)) == {"tea 1", "own"}
    assert "own" not in one.offered(n=100)
    one.send("events", bought("ann", "tea 1"))
    assert other.http.get(f"/v1/catalogs/{other.catalog}/users/ann").json()["events"] == []
    other.http.delete(f"/v1/catalogs/{other.catalog}").raise_for_status()
    reply = other.http.post("/v1/recommendations", json={"catalog": other.catalog})
    assert (reply.status_code, reply.json()["error"]["param"]) == (404, "catalog")
    assert len(one.offered(n=50)) > 0


def test_who_has_opted_out_leaves_nothing(platform: Shop) -> None:
    shop = platform.filled()
    url = f"/v1/catalogs/{shop.catalog}/users/ann"
    shop.send("events", bought("ann", "tea 1"))
    assert "tea 1" not in shop.offered(user_id="ann", n=20)
    assert shop.http.post(url, json={"opted_out": True}).json()["events"] == []
    assert {one["reason"]["kind"] for one in shop.ask(user_id="ann", n=20)["data"]} == {"popularity"}, "at once"
    assert shop.send("events", bought("ann", "tea 2"))["ignored"] == 1
    assert shop.http.get(url).json()["events"] == []
    assert shop.http.post(url, json={"opted_out": False}).json()["opted_out"] is False
    assert shop.send("events", bought("ann", "tea 2"))["new"] == 1
    assert shop.http.delete(url).json()["events"] == 1
    assert shop.http.get(url).json()["profile"]["chosen"] == []
    assert "tea 2" in shop.offered(user_id="ann", n=20), "of who was remembered while asking as well"


def test_a_job_of_a_catalog_makes_the_model_that_ranks_and_forgets_who_is_deleted(
    platform: Shop, tmp_path: Path
) -> None:
    shop = platform.filled()
    shop.send("items", [{"item_id": "secret", "text": "what nobody but one has bought"}])
    shop.send("events", bought("someone-to-forget", "secret", "tea 1", "lamp 2", at=1_700_000_000))
    first = _trained(shop, tmp_path / "first")
    assert "secret" in first.learned.item_ids

    answer = _ranked_by_the_model(shop, "user 0")
    assert answer["data"][0]["item_id"].startswith("shoes")
    assert answer["data"][0]["reason"]["kind"] == "behaviour"
    assert all(item.startswith("shoes ") for item in answer["data"][0]["reason"]["items"])
    shop.send("items", [{"item_id": "boots", "text": "a pair of red shoes for running, new"}])
    assert "boots" in shop.offered(user_id="user 0", n=20), "by its text, without training"

    shop.http.delete(f"/v1/catalogs/{shop.catalog}/users/someone-to-forget").raise_for_status()
    second = _trained(shop, tmp_path / "second")
    assert "secret" not in second.learned.item_ids
    for file in (tmp_path / "second").rglob("*"):
        assert not file.is_file() or b"someone-to-forget" not in file.read_bytes(), file


def _trained(shop: Shop, folder: Path) -> RecommendingReader:
    """Run a job of the catalog; the model goes into production."""
    base = tiny_base(folder / "bases" / "tiny")
    settings = {name: value for name, value in shop.place.settings().items() if name != "home"}
    spec = JobSpec(
        model=str(base),
        task="recommendation",
        catalog=shop.catalog,
        deployment=catalog_deployment(shop.catalog),
        hyperparameters=Hyperparameters(batch_size=8, n_epochs=1),
        schedule=Schedule(max_length=32),
    )
    with job_kit.bench(folder / "home", base_models=base.parent, **settings) as bench:
        job_id, status, _ = attempt_at(bench, spec)
        assert status == ENDED, bench.told(job_id)
        assert bench.job(job_id).status == "succeeded", bench.told(job_id)
        with bench.database.reading() as session:
            model = models.production(session, catalog_deployment(shop.catalog))
        assert model == bench.job(job_id).fine_tuned_model, bench.told(job_id)
        bundle = Bundle.open(bench.store.fetch_folder(model_key(model or ""), folder / "cache"))
    with closing(RecommendingReader.from_bundle(bundle)) as reader:
        return reader


def _ranked_by_the_model(shop: Shop, user: str) -> dict[str, Any]:
    """Asks until the model has been read; what was served before answers meanwhile."""
    deadline = time.monotonic() + 30
    while True:
        answer = shop.ask(user_id=user, n=5)
        if answer["model"] is not None or time.monotonic() > deadline:
            return answer
