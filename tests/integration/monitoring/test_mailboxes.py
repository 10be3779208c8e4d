"""Mail from a real IMAP server (pymap): each message once, in whatever form it was sent."""

from __future__ import annotations

import imaplib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.contracts.monitoring.streams import MailSource
from shared.settings import Login
from tests.imap_server import imap_server
from tests.integration.monitoring.sources import NOW, Fetching, fetching

USER, PASSWORD = "desk", "only-for-this-test"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with imap_server(USER, PASSWORD) as chosen:
        yield chosen


def deliver(port: int, mailbox: str, *messages: bytes) -> None:
    with imaplib.IMAP4("127.0.0.1", port, timeout=10) as server:
        server.login(USER, PASSWORD)
        server.create(mailbox)
        for message in messages:
            at = imaplib.Time2Internaldate(datetime.fromtimestamp(NOW, UTC))
            assert server.append(mailbox, "", at, message)[0] == "OK"


def mail(number: int, text: str, subtype: str = "plain") -> bytes:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.org>"
    message["Subject"] = f"Gold steigt um {number} % 黄金"
    message["Message-ID"] = f"<m{number}@example.org>"
    message["Date"] = format_datetime(datetime.fromtimestamp(NOW - 600 + number, UTC))
    message.set_content(text, subtype=subtype)
    return message.as_bytes()


LOGIN = Login(host="127.0.0.1", username=USER, password=SecretStr(PASSWORD))


@pytest.fixture
def box(tmp_path: Path, port: int, request: pytest.FixtureRequest) -> Iterator[tuple[str, Fetching]]:
    name = f"box-{request.node.name[:30]}-{time.monotonic_ns()}"
    deliver(port, name)
    source = MailSource(name="letters", host="127.0.0.1", port=port, security="none", mailbox=name, login="desk")
    with fetching(tmp_path, source, logins={"desk": LOGIN}) as found:
        yield name, found


def test_each_message_comes_once(box: tuple[str, Fetching], port: int) -> None:
    mailbox, letters = box
    deliver(port, mailbox, mail(1, "Ein guter Tag für Gold."), mail(2, "<p>Ein <b>schlechter</b> Tag</p>", "html"))
    first = letters.fetch()
    assert [one.id for one in first] == ["<m1@example.org>", "<m2@example.org>"]
    assert first[0].title == "Gold steigt um 1 % 黄金"
    assert (first[0].text, first[0].author) == ("Ein guter Tag für Gold.", "Ada")
    assert first[0].published_at == NOW - 599
    assert first[1].text == "Ein schlechter Tag"
    assert letters.fetch() == []
    deliver(port, mailbox, mail(3, "Noch einer."))
    assert [one.id for one in letters.fetch()] == ["<m3@example.org>"]
    state = letters.state()
    assert (state.state, state.documents) == ("fine", 3)
    assert state.cursor["last"] > 0


def test_messages_stay_unread_for_those_who_read_them(box: tuple[str, Fetching], port: int) -> None:
    mailbox, letters = box
    deliver(port, mailbox, mail(1, "text"))
    letters.fetch()
    with imaplib.IMAP4("127.0.0.1", port, timeout=10) as server:
        server.login(USER, PASSWORD)
        server.select(mailbox, readonly=True)
        assert server.search(None, "UNSEEN")[1][0].split() == [b"1"]


def test_what_is_no_message_is_refused_and_the_others_come(box: tuple[str, Fetching], port: int) -> None:
    mailbox, letters = box
    odd = b"Subject: =?nonsense?Q?x?=\r\nContent-Type: text/plain; charset=klingon\r\n\r\nwords\r\n"
    empty = b"Subject:\r\n\r\n\r\n"
    deliver(port, mailbox, odd, empty, mail(1, "x" * 6_000_000), mail(2, "fine"))
    assert [one.text for one in letters.fetch()][-1] == "fine"
    reasons = {one.reason for one in letters.refused()}
    assert "It has no text." in reasons
    assert any("longer than" in reason for reason in reasons)
    assert letters.fetch() == []


def test_a_wrong_login_and_a_mailbox_that_is_gone_say_so(tmp_path: Path, port: int) -> None:
    source = MailSource(name="letters", host="127.0.0.1", port=port, security="none", mailbox="nowhere", login="desk")
    with fetching(tmp_path, source, logins={"desk": LOGIN}) as gone:
        gone.fetch()
        assert "no mailbox 'nowhere'" in str(gone.state().problem)
        assert PASSWORD not in str(gone.state())
    (tmp_path / "parley.db").unlink()
    wrong = LOGIN.model_copy(update={"password": SecretStr("wrong")})
    with fetching(tmp_path, source, logins={"desk": wrong}) as refused:
        refused.fetch()
        assert "refuses the login 'desk'" in str(refused.state().problem)
    (tmp_path / "parley.db").unlink()
    with fetching(tmp_path, source) as none:
        none.fetch()
        assert "PARLEY_SOURCE_LOGINS" in str(none.state().problem)


@pytest.mark.parametrize(
    ("security", "opened", "told"),
    [("none", "10.0.0.0/8", "without encryption"), ("tls", "10.0.0.0/8", "not a public address")],
)
def test_hosts_are_judged_before_anything_is_sent(
    tmp_path: Path, port: int, security: str, opened: str, told: str
) -> None:
    values = {"name": "letters", "host": "127.0.0.1", "port": port, "security": security, "login": "desk"}
    source = MailSource.model_validate(values)
    with fetching(tmp_path, source, logins={"desk": LOGIN}, opened=opened) as failing:
        failing.fetch()
        assert told in str(failing.state().problem)
