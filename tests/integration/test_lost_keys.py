"""An operator without a key that works: the wrong one at hand, or none left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli.settings import Access, load, store
from shared.storage import keys
from shared.storage.database.engine import open_database

KEY = "pk-the-key-of-this-platform-0123456789"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Of a platform that was started before."""
    store(tmp_path, Access("", KEY))
    with open_database(f"sqlite:///{tmp_path / 'parley.db'}") as database, database.transaction() as session:
        keys.add_first(session, KEY, now=1.0)
    return tmp_path


def run(module: str, *arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=clean | {"COLUMNS": "500", "PARLEY_HOME": str(home), "PARLEY_PORT": "0"} | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_key_of_another_platform_does_not_take_the_place_of_the_stored_one(home: Path) -> None:
    refused = run("services.cli", "up", home=home, PARLEY_API_KEY="pk-meant-for-another")
    assert refused.returncode == 4, refused.stderr
    assert f"PARLEY_API_KEY is no admin key of the platform in {home}: unset it" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert load(home) == Access("", KEY)


def test_who_reaches_the_database_can_make_another_admin_key(home: Path) -> None:
    made = run("services.gateway", "--new-admin-key", "after the fire", home=home)
    assert made.returncode == 0, made.stderr
    secret = next(word for word in made.stdout.split() if word.startswith("parley-"))
    assert secret not in made.stderr, "the log is no place for it"
    with open_database(f"sqlite:///{home / 'parley.db'}") as database, database.reading() as session:
        found = keys.find(session, keys.hash_key(secret))
        assert found is not None
        assert (found.role, found.name) == ("admin", "after the fire")
        assert keys.find(session, keys.hash_key(KEY)) is not None, "the others stay"


def test_no_key_is_made_in_a_database_that_is_no_platforms(tmp_path: Path) -> None:
    refused = run("services.gateway", "--new-admin-key", "x", home=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("no key was made: this database has no keys")
    assert "Traceback" not in refused.stderr
