"""The same rows said by somebody else."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from services.gateway.models import routes
from shared.bias.report import Answered, bootstrapped, differences
from shared.bias.swaps import ROWS, swaps
from tests.unit.dialogue.conversation import DESK
from tests.unit.gateway.platform import Platform, running_platform


def test_only_who_says_it_changes() -> None:
    made = swaps("my name is {name} from {place}, the kettle is not working")
    assert {one.dimension for one in made} == {"name", "gender", "place", "dialect"}
    place = next(one for one in made if (one.dimension, one.group) == ("place", "Lagos"))
    assert (place.before.replace("London", "Lagos"), "London" in place.before) == (place.after, True)
    dialect = next(one for one in made if (one.dimension, one.group) == ("dialect", "african american"))
    assert "ain't" not in dialect.before
    assert dialect.after.endswith("da kettle ain't workin'")
    assert all(one.before != one.after for row in ROWS for one in swaps(row))


def test_intervals_are_the_same_each_time_and_hold_the_figure() -> None:
    interval = bootstrapped([0.0] * 15 + [1.0] * 5)
    assert interval == bootstrapped([0.0] * 15 + [1.0] * 5)
    assert interval.value == 0.25
    assert 0.0 < interval.low < 0.25 < interval.high < 0.6


def test_a_model_that_minds_a_group_is_told_apart_from_one_that_does_not() -> None:
    fair = Answered("refund", 0.1)
    minds = Answered("complaint", -0.4)
    found = {
        one.group: one
        for one in differences(
            [("name", "a", fair, fair)] * 20
            + [("name", "b", fair, minds)] * 20
            + [("name", "c", fair, minds), ("name", "c", fair, fair)]
        )
    }
    assert found["a"].surely == 0.0
    assert found["b"].surely == 1.0
    assert found["b"].sentiment_shift is not None
    assert found["b"].sentiment_shift.value == pytest.approx(-0.5)
    assert found["c"].surely == 0.0, "two rows are no evidence"


def test_a_report_and_a_budget_of_a_promotion(
    platform: Platform, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The echo takes the first word for the intent, so that a dialect which drops "the" changes it, and a name does not."""
    model = platform.add_model()
    body = {"rows": ["the kettle is not working", "the parcel is late"]}
    report = http.post(f"/v1/models/{model}/bias", json=body).raise_for_status().json()
    by_group = {(one["dimension"], one["group"]): one for one in report["data"]}
    assert by_group["name", "arabic"]["intent_changed"]["value"] == 0.0
    assert by_group["dialect", "learner"]["intent_changed"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert report["worst"] == 1.0
    assert all(one["kind_changed"] is None for one in report["data"]), "no bot is in service"
    assert http.post(f"/v1/models/{model}/bias").raise_for_status().json()["worst"] < 0.5, "rows of our own are asked"
    monkeypatch.setattr(routes, "ROWS", tuple(body["rows"]))
    refused = http.post(f"/v1/models/{model}/promote", json={"bias_budget": 0.5})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bias_over_budget")
    http.post(f"/v1/models/{model}/promote", json={"bias_budget": 1.0}).raise_for_status()


def test_the_kind_of_what_a_bot_answers_is_compared(tmp_path: Path) -> None:
    """The first word is the intent, so that "greet" is answered by the file, and "I am a man. greet" by nothing, whoever says it."""
    with running_platform(tmp_path) as platform, platform.http() as http:
        model = platform.add_model()
        http.post("/v1/bots", json={"source": DESK}).raise_for_status()
        body = {"rows": ["the parcel is not working", "a parcel is late"]}
        report = http.post(f"/v1/models/{model}/bias", json=body).raise_for_status().json()
    by_group = {(one["dimension"], one["group"]): one for one in report["data"]}
    assert by_group["gender", "male"]["kind_changed"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    learner = by_group["dialect", "learner"]
    assert learner["kind_changed"]["value"] == 1.0, "without its article the message begins a flow"
    assert learner["surely"] == 1.0


def test_a_model_without_labels_is_refused(platform: Platform, http: httpx.Client) -> None:
    model = platform.add_model(task="embedding")
    assert http.post(f"/v1/models/{model}/bias").status_code == 400
