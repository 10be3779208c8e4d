from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from openai import APIStatusError, AuthenticationError, OpenAI, PermissionDeniedError, RateLimitError
from pydantic import SecretStr

from services.gateway.http.access.keyring import KeyRing, new_secret
from services.gateway.keys.first_key import ensure_key
from shared.errors import AlreadyExists
from shared.storage import keys
from shared.storage.database.engine import open_database
from tests.unit.gateway.platform import ADMIN_KEY, Platform, asked

OPEN = {
    "/health",
    "/health/ready",
    "/metrics",
    "/widget.js",
    "/v1/widgets/{widget_id}/sessions",
    "/v1/channels/{channel_id}/events",
}


def test_every_route_but_the_probes_wants_a_key(platform: Platform) -> None:
    paths = httpx.get(f"{platform.url}/openapi.json", timeout=120).json()["paths"]
    assert len(paths) > 25
    with httpx.Client(base_url=platform.url) as nobody:
        for path, methods in paths.items():
            for method in methods:
                answer = nobody.request(method, path.replace("{", "").replace("}", ""))
                assert (answer.status_code == 401) is (path not in OPEN), (method, path, answer.status_code)


def test_missing_and_wrong_keys_are_told_apart(platform: Platform) -> None:
    missing = httpx.get(f"{platform.url}/v1/models")
    assert missing.headers["www-authenticate"] == "Bearer"
    assert missing.json()["error"]["code"] == "missing_api_key"
    with platform.client("parley-wrong") as wrong, pytest.raises(AuthenticationError) as refused:
        wrong.models.list()
    assert refused.value.code == "invalid_api_key"
    assert refused.value.request_id


@pytest.mark.parametrize(
    ("method", "path", "lowest"),
    [
        ("GET", "/v1/models", "chat"),
        ("POST", "/v1/conversations", "chat"),
        ("GET", "/v1/files", "train"),
        ("GET", "/v1/fine_tuning/jobs", "train"),
        ("GET", "/v1/sentiment/trends", "train"),
        ("GET", "/v1/alerts", "train"),
        ("GET", "/v1/bots", "train"),
        ("GET", "/v1/keys", "admin"),
    ],
)
def test_each_role_may_do_what_the_ones_before_it_may(platform: Platform, method: str, path: str, lowest: str) -> None:
    roles = ["chat", "train", "admin"]
    for role in roles:
        with platform.http(platform.key(role)) as http:
            allowed = roles.index(role) >= roles.index(lowest)
            assert http.request(method, path).status_code == (200 if allowed else 403)


def test_applying_a_bot_needs_an_admin(platform: Platform) -> None:
    with platform.http(platform.key("train")) as http:
        answer = http.post("/v1/bots", json={"source": "version: 1"})
    assert answer.status_code == 403
    assert answer.json()["error"]["type"] == "permission_error"


def test_a_low_role_is_a_permission_error_for_the_client(platform: Platform) -> None:
    with platform.client(platform.key("chat")) as client, pytest.raises(PermissionDeniedError, match="train"):
        client.files.list()


def test_a_key_is_shown_once_and_worthless_once_revoked(http: httpx.Client, platform: Platform) -> None:
    made = http.post("/v1/keys", json={"name": "till", "role": "chat", "requests_per_minute": 600}).json()
    assert made["key"].endswith(made["hint"])
    with platform.http(made["key"]) as till:
        assert till.get("/v1/models").headers["x-ratelimit-limit-requests"] == "600"
        assert http.delete(f"/v1/keys/{made['id']}").json()["deleted"] is True
        assert till.get("/v1/models").status_code == 401
    listed = {key["id"]: key for key in http.get("/v1/keys").json()["data"]}
    assert listed[made["id"]]["revoked_at"]
    assert made["key"] not in http.get("/v1/keys").text
    assert http.delete("/v1/keys/key_unknown").status_code == 404


def test_the_last_admin_key_cannot_be_revoked(http: httpx.Client) -> None:
    admins = [key for key in http.get("/v1/keys").json()["data"] if key["role"] == "admin" and not key["revoked_at"]]
    for key in admins[1:]:
        http.delete(f"/v1/keys/{key['id']}").raise_for_status()
    refused = http.delete(f"/v1/keys/{admins[0]['id']}")
    assert refused.json()["error"]["code"] == "last_admin_key"
    assert http.get("/v1/keys").status_code == 200


def test_the_rate_of_a_key_is_kept_and_shown(platform: Platform) -> None:
    key = platform.key("chat", requests_per_minute=3)
    with platform.client(key) as client:
        raw = client.models.with_raw_response.list()
        assert raw.headers["x-ratelimit-limit-requests"] == "3"
        assert raw.headers["x-ratelimit-remaining-requests"] == "2"
        client.models.list()
        client.models.list()
        with pytest.raises(RateLimitError) as limited:
            client.models.list()
    assert limited.value.type == "rate_limit_error"
    assert 1 <= int(limited.value.response.headers["retry-after"]) <= 20
    assert limited.value.response.headers["x-ratelimit-remaining-requests"] == "0"


def test_the_client_waits_and_succeeds_by_itself(platform: Platform) -> None:
    key = platform.key("chat", requests_per_minute=60)
    with OpenAI(base_url=f"{platform.url}/v1", api_key=key, max_retries=2) as client:
        for _ in range(61):
            client.models.list()


def test_a_key_is_remembered_for_two_seconds_only(tmp_path: Path) -> None:
    now = [100.0]
    with open_database(f"sqlite:///{tmp_path / 'keys.db'}") as database:
        with database.transaction() as session:
            row = keys.add(session, "k", "train", "secret", now=1.0)
        ring = KeyRing(database, lambda: now[0])
        assert ring.remembered(row.hash) is None
        caller = ring.look_up(row.hash)
        assert caller is not None
        assert (caller.key_id, caller.may("chat"), caller.may("admin")) == (row.id, True, False)
        assert ring.remembered(row.hash) == caller
        now[0] += 2.5
        assert ring.remembered(row.hash) is None, "one caller looks it up again"
        assert ring.remembered(row.hash) == caller, "the others need not wait"
        now[0] += 2.5
        assert ring.remembered(row.hash) is None
        assert ring.look_up(keys.hash_key("other")) is None


def test_the_first_start_makes_one_admin_key_and_shows_it_once(tmp_path: Path) -> None:
    lines: list[str] = []
    with open_database(f"sqlite:///{tmp_path / 'first.db'}") as database:
        for _ in range(2):
            ensure_key(database, None, lines.append, 1.0)
        with database.reading() as session:
            stored = keys.all(session)
    assert len(stored) == len(lines) == 1
    shown = next(word for word in lines[0].split() if word.startswith("parley-"))
    assert keys.hash_key(shown) == stored[0].hash
    assert stored[0].role == "admin"


def test_of_two_processes_that_start_at_once_only_one_makes_a_key(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path / 'race.db'}") as database:
        with database.transaction() as session:
            keys.add_first(session, "ours", now=1.0)
        with pytest.raises(AlreadyExists), database.transaction() as session:
            keys.add_first(session, "theirs", now=1.0)


def test_the_given_key_becomes_the_admin_key_unannounced_and_later_ones_do_not(tmp_path: Path) -> None:
    lines: list[str] = []
    with open_database(f"sqlite:///{tmp_path / 'given.db'}") as database:
        ensure_key(database, SecretStr(ADMIN_KEY), lines.append, 1.0)
        ensure_key(database, SecretStr("another"), lines.append, 2.0)
        with database.reading() as session:
            assert [row.hash for row in keys.all(session)] == [keys.hash_key(ADMIN_KEY)]
    assert lines == []


def test_secrets_are_long_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert min(map(len, secrets)) > 40


def test_errors_of_a_turn_reach_only_callers_with_a_key(platform: Platform) -> None:
    with platform.client("nope") as client, pytest.raises(APIStatusError) as refused:
        client.chat.completions.create(model="parley", messages=asked("hello"))
    assert refused.value.status_code == 401
