"""The command against a running platform, as a script would use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.starter import bot
from tests.end_to_end import scenario
from tests.end_to_end.platforms import ADMIN_KEY, Platform
from tests.unit.cli.test_command import parley


def run(platform: Platform, *arguments: str) -> Any:
    """A command with ``--json``; returns what it printed, decoded."""
    done = parley(*arguments, "--json", home=platform.home, PARLEY_URL=platform.url, PARLEY_API_KEY=ADMIN_KEY)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_chat_and_analyze(starter: Platform) -> None:
    reply = run(starter, "chat", "where is my order A-10432?")
    assert reply["answer"]
    assert reply["parley"]["intent"]["name"] == "order_status"
    reading = run(starter, "analyze", "a flight to Rome tomorrow please")["data"][0]
    assert [entity["text"] for entity in reading["entities"]] == ["Rome", "tomorrow"]


def test_a_conversation_goes_on_after_a_message_that_was_refused(starter: Platform) -> None:
    shown = parley("chat", home=starter.home, typed=f"{'a' * 20_000}\nwhere is my order A-10432?\n")
    assert shown.returncode == 0, shown.stderr
    assert "Say it again" in shown.stderr
    assert "A-10432" in shown.stdout


def test_credentials_of_up_are_used_without_options(starter: Platform) -> None:
    shown = parley("models", "list", home=starter.home)
    assert shown.returncode == 0, shown.stderr
    assert "starter" in shown.stdout


def test_a_second_platform_stays_out_of_the_folder(starter: Platform) -> None:
    credentials = (starter.home / "credentials.json").read_text("utf-8")
    refused = parley("up", home=starter.home, PARLEY_PORT="0")
    assert refused.returncode == 2
    assert "another 'parley up' runs in" in refused.stderr
    assert (starter.home / "credentials.json").read_text("utf-8") == credentials


def test_bot_files(starter: Platform, tmp_path: Path) -> None:
    assert run(starter, "bot", "validate", str(bot()))
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 1\nname: x\nlanguage: en\nanswrs: {}\n", "utf-8")
    refused = parley("bot", "apply", str(broken), home=starter.home)
    assert refused.returncode == 4
    assert "answrs" in refused.stderr


def test_keys(starter: Platform) -> None:
    key = run(starter, "keys", "create", "tester", "--role", "chat")
    assert parley("keys", "list", home=starter.home, PARLEY_API_KEY=key["key"]).returncode == 4
    run(starter, "keys", "revoke", key["id"])
    refused = parley("chat", "hello", home=starter.home, PARLEY_API_KEY=key["key"])
    assert refused.returncode == 4
    assert key["key"] not in refused.stderr


def test_a_faulty_file_is_shown_row_by_row(starter: Platform, tmp_path: Path) -> None:
    file = tmp_path / "faulty.jsonl"
    rows = [
        *scenario.starter_rows(("greeting",)),
        {"text": "", "intent": "greeting"},
        {"text": "x", "sentiment": "sad"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    refused = parley("train", str(file), home=starter.home)
    assert refused.returncode == 4
    assert str(len(rows) - 1) in refused.stderr
    assert "sentiment" in refused.stderr


def test_the_report_of_a_job(starter: Platform, tmp_path: Path) -> None:
    job = run(starter, "jobs", "list")["data"][-1]
    page = tmp_path / "report.html"
    fetched = parley("jobs", "report", job["id"], "--output", str(page), home=starter.home)
    assert fetched.returncode == 0, fetched.stderr
    assert job["fine_tuned_model"] in page.read_text("utf-8")
    refused = parley("jobs", "report", "ftjob-none", home=starter.home)
    assert refused.returncode == 4


def test_watch(starter: Platform) -> None:
    state = run(starter, "watch", "--once")
    assert state["stream"] == "chat"


def test_without_a_predecessor_there_is_nothing_to_roll_back(starter: Platform) -> None:
    refused = parley("rollback", home=starter.home)
    assert refused.returncode == 4
    assert "No earlier model" in refused.stderr
