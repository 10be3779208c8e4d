"""A thousand wrong keys, and the longest texts: refused or taken, and nothing else is harmed."""

from __future__ import annotations

import ast
import inspect
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from services.gateway.http.access import keyring
from services.gateway.http.access.keyring import KeyRing
from shared.storage import keys
from shared.storage.database.engine import open_database
from tests.unit.gateway.platform import ADMIN_KEY, Platform, asked

GUESSES = 1_000


def test_a_thousand_wrong_keys_are_refused_and_the_right_one_still_works(platform: Platform) -> None:
    guesses = [f"parley-{secrets.token_urlsafe(32)}" for _ in range(GUESSES - 2)] + [ADMIN_KEY[:-1], ADMIN_KEY + "x"]
    with httpx.Client(base_url=platform.url, timeout=30) as nobody, capture_logs() as lines:

        def guess(key: str) -> tuple[int, str]:
            answer = nobody.get("/v1/models", headers={"Authorization": f"Bearer {key}"})
            return answer.status_code, answer.json()["error"]["code"]

        def chat(number: int) -> str | None:
            messages = asked(f"hello {number}")
            return (
                platform.client().chat.completions.create(model="parley", messages=messages).choices[0].message.content
            )

        with ThreadPoolExecutor(8) as guessing, ThreadPoolExecutor(1) as chatting:
            refused = guessing.map(guess, guesses)
            answers = list(chatting.map(chat, range(20)))
            assert set(refused) == {(401, "invalid_api_key")}
    assert all(answers)
    assert sum(line["event"] == "request" for line in lines) >= GUESSES
    assert [key for key in (*guesses, ADMIN_KEY) if key in repr(lines)] == []


def test_guesses_fill_no_memory(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path / 'keys.db'}") as database:
        ring = KeyRing(database, lambda: 0.0)
        for number in range(GUESSES):
            key_hash = keys.hash_key(f"guess {number}")
            assert ring.look_up(key_hash) is None
            assert ring.remembered(key_hash) is None


def test_a_key_is_only_ever_compared_by_its_hash_and_in_constant_time() -> None:
    """What an attacker can measure tells about the hash of a guess, of which nothing can be chosen."""
    compared = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(inspect.getsource(keyring)))
        if isinstance(node, ast.Compare) and ("hash" in ast.unparse(node) or "secret" in ast.unparse(node))
    ]
    assert compared == []
    assert "secrets.compare_digest" in inspect.getsource(keyring)
    assert len({len(keys.hash_key("k" * length)) for length in (1, 40, 10_000)}) == 1


@pytest.mark.parametrize("text", ["a" * 10_000, "长" * 10_000, "🙂" * 10_000, "a b " * 2_500, "\n" * 9_999 + "a"])
def test_ten_thousand_characters_are_answered_and_one_more_is_refused(http: httpx.Client, text: str) -> None:
    for path, body in (("/v1/analyze", {"input": text}), ("/v1/embeddings", {"input": text, "model": "parley"})):
        assert http.post(path, json=body).status_code == 200
        refused = http.post(path, json=body | {"input": text + "a"})
        assert refused.status_code == 400
        assert len(refused.text) < 2_000, "the text is not sent back"
    chat = {"model": "parley", "messages": asked(text)}
    assert http.post("/v1/chat/completions", json=chat).status_code == 200
    assert http.post("/v1/chat/completions", json={**chat, "messages": asked(text + "a")}).status_code == 400
