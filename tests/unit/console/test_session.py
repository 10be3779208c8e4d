"""The cookie, and its secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.console.session import COOKIE, Session, Sessions, signing_secret
from shared.errors import SettingsError

ADA = Session("pk-ada", "train", "Ada")


def test_who_has_signed_in_is_known_again() -> None:
    sessions = Sessions("secret", 60)
    assert sessions.read({COOKIE: sessions.write(ADA)}) == ADA


@pytest.mark.parametrize(("before", "after"), [("x", ""), ("", "x"), ("", "."), (".", "")])
def test_a_changed_cookie_is_nobodys(before: str, after: str) -> None:
    sessions = Sessions("secret", 60)
    assert sessions.read({COOKIE: before + sessions.write(ADA) + after}) is None


def test_a_cookie_of_another_secret_or_too_old_is_nobodys() -> None:
    cookie = {COOKIE: Sessions("secret", 60).write(ADA)}
    assert Sessions("another", 60).read(cookie) is None
    assert Sessions("secret", -1).read(cookie) is None
    assert Sessions("secret", 60).read({}) is None


def test_roles_include_the_ones_before() -> None:
    assert ADA.may("chat")
    assert ADA.may("train")
    assert not ADA.may("admin")


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = signing_secret(SecretStr(""), home)
    assert signing_secret(SecretStr(""), home) == first
    assert (home / "console-secret").stat().st_mode & 0o077 == 0
    assert signing_secret(SecretStr("given"), home) == "given"


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="PARLEY_CONSOLE_SECRET"):
        signing_secret(SecretStr(""), tmp_path / "file")
