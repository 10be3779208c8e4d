"""``parley bot test`` and ``parley bot export`` against a gateway."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from shared.dialogue.trial.dialogue_file import read_dialogues
from tests.unit.gateway.platform import ADMIN_KEY, Platform
from tests.unit.gateway.test_conversations import begin, say
from tests.unit.gateway.test_trials import BOT, DIALOGUES


def parley(platform: Platform, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the gateway of the tests writes its log to the standard output of this one."""
    command = [sys.executable, "-m", "services.cli", *arguments, "--url", platform.url, "--api-key", ADMIN_KEY]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_bot_is_tested_and_the_exit_status_tells_a_pipeline(platform: Platform, tmp_path: Path) -> None:
    dialogues, bot = tmp_path / "d.yaml", tmp_path / "bot.yaml"
    dialogues.write_text(DIALOGUES)
    bot.write_text(BOT)
    strict = parley(platform, "bot", "test", str(dialogues), "--bot", str(bot))
    assert (strict.returncode, "1 of 2 turns right" in " ".join(strict.stdout.split())) == (1, True)
    assert "expected 'nonsense'" in " ".join(strict.stdout.split())
    assert parley(platform, "bot", "test", str(dialogues), "--bot", str(bot), "--at-least", "0.5").returncode == 0


def test_a_conversation_is_exported_as_a_dialogue_file(platform: Platform, http: httpx.Client) -> None:
    conversation_id = begin(http)
    say(http, conversation_id, 'hello "you", mail ann@example.com')
    say(http, conversation_id, "person")
    exported = parley(platform, "bot", "export", conversation_id)
    assert exported.returncode == 0, exported.stderr
    (dialogue,) = read_dialogues(exported.stdout).dialogues
    assert [turn.user for turn in dialogue.turns] == ['hello "you", mail [email]', "person"]
    assert [turn.kind for turn in dialogue.turns] == [("template",), ("handover",)]


def test_conversations_that_went_wrong_are_found(platform: Platform, http: httpx.Client) -> None:
    went_well, went_wrong, empty = begin(http), begin(http), begin(http)
    say(http, went_well, "hello you")
    say(http, went_wrong, "person")
    exported = parley(platform, "bot", "export", "--wrong", "--newest", "3")
    assert exported.returncode == 0, exported.stderr
    assert [dialogue.name for dialogue in read_dialogues(exported.stdout).dialogues] == [went_wrong]
    assert parley(platform, "bot", "export", "--wrong", "--newest", "1").returncode == 1
    assert parley(platform, "bot", "export", "--wrong", empty).returncode == 2


def test_what_a_dialogue_file_cannot_hold_is_told_in_a_comment(platform: Platform, http: httpx.Client) -> None:
    short, empty, long = begin(http), begin(http), begin(http)
    say(http, short, "hello you")
    for number in range(101):
        say(http, long, f"message {number}").raise_for_status()
    exported = parley(platform, "bot", "export", short, empty, short, long)
    assert exported.returncode == 0, exported.stderr
    first, second = read_dialogues(exported.stdout).dialogues
    assert (first.name, second.name, len(second.turns)) == (short, long, 100)
    assert f'# "{empty}": no message was answered' in exported.stdout
    assert f'# "{long}": its first 100 turns' in exported.stdout
    nothing = parley(platform, "bot", "export", empty)
    assert (nothing.returncode, nothing.stdout) == (1, "")
