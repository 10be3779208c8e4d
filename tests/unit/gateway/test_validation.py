"""Errors name what the caller wrote, and not the branches of a schema."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ValidationError

from services.gateway.analysis.schemas import AnalyzeRequest
from services.gateway.chat.schemas import ChatRequest
from services.gateway.conversations.schemas import CreateConversation
from services.gateway.embeddings.schemas import EmbeddingsRequest
from services.gateway.http.bodies.validation import describe
from services.gateway.jobs.schemas import CreateJob
from services.gateway.keys.schemas import CreateKey
from shared.errors import InvalidInput

_HYPERPARAMETERS = {"n_epochs": 1, "batch_size": "auto", "learning_rate_multiplier": 1.0}
#: Bodies in which nothing is left out that has branches.
_WHOLE: tuple[tuple[type[BaseModel], dict[str, Any]], ...] = (
    (EmbeddingsRequest, {"model": "m", "input": ["a", "b"], "encoding_format": "float", "dimensions": 3, "user": "u"}),
    (
        AnalyzeRequest,
        {
            "input": ["a", "b"],
            "model": "m",
            "context": [["x"], []],
            "stream": "s",
            "ids": ["1", "2"],
            "timestamps": [1, 2],
        },
    ),
    (
        ChatRequest,
        {
            "model": "m",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "a"}]},
                {"role": "user", "content": "b"},
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            "metadata": {"a": "b"},
        },
    ),
    (
        CreateJob,
        {
            "model": "m",
            "training_file": "f",
            "hyperparameters": _HYPERPARAMETERS,
            "method": {"type": "supervised", "supervised": {"hyperparameters": _HYPERPARAMETERS}},
            "tuning": {"type": "full", "max_length": 32, "adversarial": 0.5},
            "promotion": {"mode": "auto"},
            "scope": {"missed_outlier_cost": 2.0},
            "metadata": {"a": "b"},
        },
    ),
    (CreateKey, {"name": "n", "role": "chat", "requests_per_minute": 3}),
    (CreateConversation, {"metadata": {"a": "b"}}),
)
_WRONG: tuple[object, ...] = (
    None,
    "",
    0,
    -1,
    2.5,
    True,
    [],
    {},
    [""],
    ["a", ""],
    [[""]],
    {"x": 1},
    "x" * 20_000,
    [{"type": "text"}],
)


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/embeddings", {"model": "m", "input": ["a", ""]}, "input[1]"),
        ("/v1/embeddings", {"model": "m", "input": ""}, "input"),
        ("/v1/embeddings", {"model": "m", "input": []}, "input"),
        ("/v1/analyze", {"input": ["a", 3]}, "input[1]"),
        ("/v1/analyze", {"input": ["a"], "context": [["x", ""]]}, "context[0][1]"),
        (
            "/v1/fine_tuning/jobs",
            {"model": "minilm", "training_file": "f", "hyperparameters": {"n_epochs": 0}},
            "hyperparameters.n_epochs",
        ),
        (
            "/v1/fine_tuning/jobs",
            {"model": "minilm", "training_file": "f", "tuning": {"adversarial": -1}},
            "tuning.adversarial",
        ),
        ("/v1/fine_tuning/jobs", {"model": "minilm"}, "training_file"),
        ("/v1/fine_tuning/jobs", {"model": "minilm", "training_file": "f", "colour": 1}, "colour"),
        ("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    ],
)
def test_the_field_is_the_one_that_was_written(http: httpx.Client, path: str, body: dict[str, Any], param: str) -> None:
    answer = http.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    for schema_word in ("constrained", "literal[", "list[", "function-"):
        assert schema_word not in answer.text


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("analyze", '{"input":["great service"],"input":["worst service ever"]}', "input"),
        ("analyze", '{"input":"a","model":"m","model":"n"}', "model"),
        ("embeddings", '{"input":"a","model":"m","user":"m","user":"m"}', "user"),
        ("fine_tuning/jobs", '{"hyperparameters":{"n_epochs":1,"n_epochs":2}}', "hyperparameters.n_epochs"),
        ("chat/completions", '{"messages":[{"role":"user"},{"role":"user","role":"system"}]}', "messages[1].role"),
        ("bots", '{"source":"a","source":"b"}', "source"),
    ],
)
def test_a_key_twice_is_a_fault(http: httpx.Client, path: str, body: str, param: str) -> None:
    answer = http.post(f"/v1/{path}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert "stands there twice" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("schema", "body"), _WHOLE)
def test_whatever_is_wrong_is_named_by_a_place_of_the_body(schema: type[BaseModel], body: dict[str, Any]) -> None:
    refused = 0
    for place in places(body):
        for wrong in _WRONG if place else ():
            written = replaced(body, place, wrong)
            error = fault(schema, written)
            if error is None:
                continue
            refused += 1
            known = {shown(other) for other in places(written)} - {""}
            is_missing = error.code == "missing_required_parameter"
            assert error.param in known or (is_missing and (error.param or "").rpartition(".")[0] in known), error
    assert refused > 10


def places(value: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from places(item, (*place, key))


def replaced(body: Any, place: tuple[str | int, ...], value: object) -> Any:
    changed = copy.deepcopy(body)
    inside = changed
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return changed


def shown(place: tuple[str | int, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).removeprefix(".")


def fault(schema: type[BaseModel], body: object) -> InvalidInput | None:
    try:
        schema.model_validate(body)
    except ValidationError as error:
        return describe([{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()], body)
    return None


def test_a_header_and_a_parameter_are_named(http: httpx.Client) -> None:
    chat = {"model": "m", "messages": [{"role": "user", "content": "a"}]}
    answer = http.post("/v1/chat/completions", json=chat, headers={"Idempotency-Key": "a b"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "Idempotency-Key")
    answer = http.get("/v1/files", params={"limit": 0})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "limit")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": ["a", "b"], "context": [["x"]]}, "context"),
        ({"input": "a", "ids": ["1"]}, "ids"),
        ({"input": "a", "stream": "s", "timestamps": [1, 2]}, "timestamps"),
        ({"input": "a", "stream": "chat"}, "stream"),
    ],
)
def test_what_does_not_fit_together_is_named(http: httpx.Client, body: dict[str, Any], param: str) -> None:
    answer = http.post("/v1/analyze", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_many_faults_are_told_as_fast_as_few(http: httpx.Client) -> None:
    """Each compared with each other, these would keep the gateway from everybody else for hours."""
    head, parts = '{"model":"m","messages":[{"role":"user","content":[', ",".join(["{}"] * 200_000)
    body = head + parts + "]}]," + ",".join(f'"x{number}":0' for number in range(10_000)) + "}"
    began = time.monotonic()
    answer = http.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert time.monotonic() - began < 10.0
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "messages[0].content[0].type")
    assert " more." in answer.json()["error"]["message"]
