"""Errors name what the caller wrote, and not the branches of a schema."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


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
