from __future__ import annotations

from typing import Any

import httpx
import pytest
from openai import OpenAI

from services.gateway.models.predictions import pieces
from tests.unit.gateway.platform import Platform


def test_a_model_of_any_task_is_asked_by_its_id(http: httpx.Client, platform: Platform) -> None:
    model = platform.add_model(task="text_classification")
    rows = [{"text": f"word{number} and others"} for number in range(70)]

    answer = http.post(f"/v1/models/{model}/predict", json={"input": rows}).raise_for_status().json()

    assert [said["label"] for said in answer["data"]] == [f"word{number}" for number in range(70)]
    assert (answer["model"], answer["task"], answer["object"]) == (model, "text_classification", "list")
    assert answer["usage"] == {"prompt_tokens": 140, "total_tokens": 140}


def test_a_deployment_is_asked_by_its_name_and_the_model_behind_it_may_change(
    http: httpx.Client, client: OpenAI, platform: Platform
) -> None:
    old, new = (platform.add_model(task="text_classification", suffix=name) for name in ("old", "new"))
    missing = http.post("/v1/models/parley/topics/predict", json={"input": [{"text": "a"}]})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
    for model in (old, new):
        promoted = http.post(f"/v1/models/{model}/promote", json={"deployment": "topics"}).raise_for_status().json()
        assert promoted["deployments"] == ["topics"]
        asked = http.post("/v1/models/parley/topics/predict", json={"input": [{"text": "a"}]}).raise_for_status().json()
        assert asked["model"] == model
    assert (client.models.retrieve("parley/topics").model_extra or {})["task"] == "text_classification"
    assert "parley/topics" in {model.id for model in client.models.list()}
    assert http.delete(f"/v1/models/{new}").status_code == 400, "it is in production"

    back = http.post(f"/v1/models/{new}/rollback", json={}).raise_for_status().json()

    assert (back["id"], back["deployments"]) == (old, ["topics"])
    http.post(f"/v1/models/{old}/promote", json={"deployment": "others"}).raise_for_status()
    unclear = http.post(f"/v1/models/{old}/rollback", json={})
    assert (unclear.status_code, unclear.json()["error"]["param"]) == (400, "deployment")


def test_long_rows_travel_in_messages_of_their_own() -> None:
    long, short = {"text": "a" * 15_000}, {"text": "b"}
    assert [len(piece) for piece in pieces([short, long, long, *[short] * 40])] == [2, 32, 9]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a text"]}, "input[0]"),
        ({"input": [{"text": "a"}, {"text": " "}]}, "input[1].text"),
        ({"input": [{"text": "a", "label": "b"}]}, "input[0].label"),
        ({"input": [{}]}, "input[0].text"),
        ({"input": [{"text": "a"}] * 257}, "input"),
        ({"input": [{"text": "a"}], "rows": 1}, "rows"),
    ],
)
def test_a_wrong_row_is_refused_by_its_place(
    http: httpx.Client, platform: Platform, body: dict[str, Any], param: str
) -> None:
    model = platform.add_model(task="text_classification")
    refused = http.post(f"/v1/models/{model}/predict", json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


def test_a_deployment_keeps_its_task(http: httpx.Client, platform: Platform) -> None:
    topics, reader = platform.add_model(task="text_classification"), platform.add_model()
    http.post(f"/v1/models/{topics}/promote", json={"deployment": "kinds"}).raise_for_status()
    for deployment in ("kinds", "text_classification"):
        refused = http.post(f"/v1/models/{reader}/promote", json={"deployment": deployment})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "deployment")
    assert http.post(f"/v1/models/{reader}/promote", json={"deployment": "Not a name"}).status_code == 400


def test_the_task_of_a_job_is_what_its_rows_are_for(client: OpenAI, http: httpx.Client) -> None:
    content = b"".join(b'{"text": "row %d", "label": "%s"}\n' % (n, b"ab"[n % 2 : n % 2 + 1]) for n in range(12))
    file = client.files.create(file=("topics.jsonl", content), purpose="fine-tune")
    assert (file.model_extra or {})["parley"]["task"] == "text_classification"
    body = {"model": "minilm", "training_file": file.id, "deployment": "complaints"}

    job = http.post("/v1/fine_tuning/jobs", json=body).raise_for_status().json()

    assert (job["parley"]["task"], job["parley"]["deployment"]) == ("text_classification", "complaints")
    wrong = http.post("/v1/fine_tuning/jobs", json=body | {"task": "nlu"})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "training_file")
    assert "text_classification" in wrong.json()["error"]["message"]
    taken = http.post("/v1/fine_tuning/jobs", json=body | {"deployment": "nlu"})
    assert (taken.status_code, taken.json()["error"]["param"]) == (400, "deployment")


def test_a_model_of_a_few_examples_is_made_by_one_call(http: httpx.Client, platform: Platform) -> None:
    embedder = platform.add_model()
    labels = [
        {"name": "track", "examples": ["where is my parcel", "call me at +1 202 555 0143"]},
        {"name": "refund", "description": "wants money back"},
    ]
    body = {"name": "kinds", "labels": labels, "embedding_model": embedder}

    made = http.post("/v1/models", json=body).raise_for_status().json()

    assert made["id"].startswith("fs:kinds:")
    assert (made["task"], made["base_model"]) == ("text_classification", embedder)
    assert "0143" not in str(made["labels"]), "what is personal is not kept"
    asked = http.post(f"/v1/models/{made['id']}/predict", json={"input": [{"text": "a"}]})
    assert asked.status_code == 200
    assert (
        http.post(
            "/v1/fine_tuning/jobs", json={"model": made["id"], "training_file": "file-x", "task": "text_classification"}
        ).json()["error"]["param"]
        == "model"
    )
    rows = http.get(f"/v1/models/{made['id']}/rows").raise_for_status().text.splitlines()
    assert rows[0] == '{"text": "where is my parcel", "label": "track"}'
    assert http.delete(f"/v1/models/{embedder}").status_code == 400, "another model stands on it"
    assert http.delete(f"/v1/models/{made['id']}").status_code == 200
    assert http.delete(f"/v1/models/{embedder}").status_code == 200


@pytest.mark.parametrize(
    ("changed", "status", "param"),
    [
        ({"embedding_model": "ft:nobody"}, 404, "model"),
        ({"labels": [{"name": "one"}]}, 400, "labels"),
        ({"labels": [{"name": "one"}, {"name": "two", "examples": ["a"] * 21}]}, 400, "labels[1].examples"),
        ({"labels": [{"name": "one"}, {"name": "one"}]}, 400, "labels"),
        ({"name": "not a name"}, 400, "name"),
    ],
)
def test_a_wrong_model_of_a_few_examples_is_refused(
    http: httpx.Client, platform: Platform, changed: dict[str, Any], status: int, param: str
) -> None:
    body = {"name": "kinds", "labels": [{"name": "one"}, {"name": "two"}], "embedding_model": platform.add_model()}
    refused = http.post("/v1/models", json=body | changed)
    assert (refused.status_code, refused.json()["error"]["param"]) == (status, param)


def test_a_classifier_makes_no_embeddings(http: httpx.Client, platform: Platform) -> None:
    body = {"name": "kinds", "labels": [{"name": "one"}, {"name": "two"}]}
    refused = http.post("/v1/models", json=body | {"embedding_model": platform.add_model(task="text_classification")})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "embedding_model")


def test_a_deployment_has_its_name_wherever_a_model_is_named(http: httpx.Client, platform: Platform) -> None:
    reader = platform.add_model()
    http.post(f"/v1/models/{reader}/promote", json={"deployment": "second-reader"}).raise_for_status()
    read = http.post("/v1/analyze", json={"model": "parley/second-reader", "input": "a"}).raise_for_status().json()
    assert read["model"] == reader
    made = http.post("/v1/embeddings", json={"model": "parley/second-reader", "input": "a"}).raise_for_status().json()
    assert made["model"] == reader
    said = http.post(
        "/v1/chat/completions", json={"model": "parley/second-reader", "messages": [{"role": "user", "content": "a"}]}
    )
    assert (said.status_code, said.json()["error"]["code"]) == (400, "model_not_in_production")
    missing = http.post("/v1/analyze", json={"model": "parley/nothing", "input": "a"})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
