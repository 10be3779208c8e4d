"""Whatever is sent, the answer is a 4xx with the body that the official client reads."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.gateway.platform import Platform

JSON = {"Content-Type": "application/json"}
POSTS = (
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/analyze",
    "/v1/conversations",
    "/v1/conversations/conv_x/messages",
    "/v1/fine_tuning/jobs",
    "/v1/fine_tuning/jobs/ftjob-x/cancel",
    "/v1/models/ft:x/promote",
    "/v1/bots",
    "/v1/bots/validate",
    "/v1/keys",
    "/v1/files",
)


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error, if it is told as it must be."""
    assert 400 <= response.status_code < 500, (response.status_code, response.text)
    assert response.headers["x-request-id"]
    error: dict[str, Any] = response.json()["error"]
    assert {"message", "type", "param", "code"} <= set(error)
    assert error["message"]
    assert error["type"]
    return error


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'"\\ud800"',
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"[1, 2]",
        b"null",
        b"NaN",
        b'{"input": "\\u0000", "messages": [{"role": "user", "content": "\\u0000"}], "model": "parley"}',
        b'{"model": {"a": ["b"]}, "messages": 7, "input": {}, "content": [], "source": 1}',
        b"9" * 10_000,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_bad_bodies(http: httpx.Client, path: str, body: bytes) -> None:
    if path == "/v1/conversations" and body in (b"", b"null"):
        assert http.post(path, content=body, headers=JSON).status_code == 200, "a conversation needs no body"
        return
    error_of(http.post(path, content=body, headers=JSON))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    ),
    st.sampled_from(("messages", "model", "input", "content", "stream", "metadata", "training_file")),
    st.sampled_from(POSTS[:7]),
)
@settings(max_examples=60, deadline=None)
def test_any_value_in_any_field(platform: Platform, value: object, field: str, path: str) -> None:
    known = {"model": "parley", "messages": [{"role": "user", "content": "hello there"}], "input": "hello there"}
    with platform.http() as http:
        answer = http.post(path, content=json.dumps(known | {field: value}), headers=JSON)
    if not answer.is_success:
        error_of(answer)


def test_content_type_other_than_json_is_415(http: httpx.Client) -> None:
    for path in ("/v1/chat/completions", "/v1/bots", "/v1/files"):
        answer = http.post(path, content=b"hello", headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415
        assert error_of(answer)["code"] == "unsupported_media_type"


def test_unknown_address_and_method(http: httpx.Client) -> None:
    unknown = http.get("/v1/nothing/here")
    assert unknown.status_code == 404
    assert error_of(unknown)["code"] == "unknown_url"
    wrong = http.put("/v1/chat/completions", json={})
    assert wrong.status_code == 405
    assert "POST" in wrong.headers["allow"]
    assert error_of(wrong)["code"] == "method_not_allowed"


def test_a_missing_field_is_named(http: httpx.Client) -> None:
    error = error_of(http.post("/v1/chat/completions", json={"model": "parley"}))
    assert (error["param"], error["code"]) == ("messages", "missing_required_parameter")
    error = error_of(http.post("/v1/chat/completions", json={"model": "parley", "messages": [{"content": "x"}]}))
    assert error["param"] == "messages[0].role"


def test_a_nul_is_refused_with_its_place_and_an_escaped_backslash_is_none(http: httpx.Client) -> None:
    body = b'{"model": "parley", "messages": [{"role": "user", "content": "a\\u0000b"}]}'
    assert error_of(http.post("/v1/chat/completions", content=body, headers=JSON))["param"] == "messages[0].content"
    harmless = b'{"model": "parley", "messages": [{"role": "user", "content": "a\\\\u0000b"}]}'
    assert http.post("/v1/chat/completions", content=harmless, headers=JSON).status_code == 200
    error_of(http.get("/v1/models/ft:%00"))
    error_of(http.get("/v1/files?after=%00"))


@pytest.mark.parametrize(
    "query",
    [
        "/v1/files?limit=0",
        "/v1/files?limit=10001",
        "/v1/files?limit=ten",
        "/v1/files?order=sideways",
        "/v1/files?after=file-unknown",
        "/v1/fine_tuning/jobs?limit=101",
        "/v1/sentiment/trends?step=61",
        "/v1/sentiment/trends?since=now",
        "/v1/sentiment/trends?since=20&until=10",
        "/v1/sentiment/trends?since=0&until=1000000000&step=60",
        "/v1/sentiment/trends?stream=%20",
        "/v1/alerts?limit=-1",
        "/v1/bots/seven",
        "/v1/bots/99999999999999999999",
        "/v1/models/ft:x%2F..%2F..%2Fetc",
    ],
)
def test_bad_queries(http: httpx.Client, query: str) -> None:
    error_of(http.get(query))


def test_many_texts_are_refused_by_number(http: httpx.Client) -> None:
    error_of(http.post("/v1/analyze", json={"input": ["a"] * 257}))
    error_of(http.post("/v1/embeddings", json={"input": ["a"] * 2049, "model": "parley"}))
    metadata = {str(number): "x" for number in range(17)}
    error_of(http.post("/v1/conversations", json={"metadata": metadata}))
