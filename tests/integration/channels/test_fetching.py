"""Mailboxes that are read: each mail once through kills and new numbering, and no loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from services.channels.fetching import Fetching
from shared.contracts.channels import CustomerChannel
from shared.outbound.client import OutboundClient
from shared.storage.chat import channels
from shared.storage.database.engine import Database, open_database
from tests.imap_server import imap_server
from tests.integration.channels.mailboxes import PASSWORD, USER, deliver
from tests.unit.channels.letters import OWN, mail

SECONDS = 30.0


@dataclass
class Reading:
    """A mailbox, and who reads it at which time."""

    port: int
    database: Database
    now: float

    def put(self, **changes: Any) -> None:
        place = {"host": "127.0.0.1", "port": self.port, "security": "none"}
        setting = {
            "type": "email",
            "address": OWN,
            "username": USER,
            "password": PASSWORD,
            "imap": place,
            "smtp": place,
        }
        with self.database.transaction() as session:
            channels.put(
                session, "post", CustomerChannel.model_validate(setting | changes), key_id="key_1", now=self.now
            )

    def read(self) -> None:
        """As another process would, some time later."""
        self.now += SECONDS
        client = OutboundClient((ip_network("127.0.0.0/8"),))
        Fetching(self.database, client, lambda: None, SECONDS, lambda: self.now).look()

    def cursor(self, changes: dict[str, Any] | None = None) -> dict[str, Any]:
        with self.database.transaction() as session:
            channel = channels.get(session, "post")
            if changes is not None:
                channel.cursor = channel.cursor | changes
                session.add(channel)
            return dict(channel.cursor)

    def kept(self) -> list[str]:
        with self.database.reading() as session:
            return sorted(one.external_id for one in channels.messages(session, "post", limit=100))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with imap_server(USER, PASSWORD) as port:
        yield port


@pytest.fixture
def reading(port: int, tmp_path: Path) -> Iterator[Reading]:
    with ExitStack() as stack:
        yield Reading(port, stack.enter_context(open_database(f"sqlite:///{tmp_path / 'parley.db'}")), 1_790_000_000.0)


def numbered(*numbers: int, sender: str = "ada@example.org") -> list[bytes]:
    return [mail(Message_ID=f"<m{number}@example.org>", From=sender) for number in numbers]


def test_each_mail_is_kept_once_whatever_becomes_of_the_cursor(reading: Reading) -> None:
    reading.put()
    reading.read()
    before = reading.cursor()
    deliver(reading.port, "INBOX", *numbered(1, 2))
    reading.read()
    assert reading.kept() == ["<m1@example.org>", "<m2@example.org>"]
    reading.cursor(before)  # a process was killed before it noted how far it came
    deliver(reading.port, "INBOX", *numbered(3))
    reading.read()
    assert reading.kept() == ["<m1@example.org>", "<m2@example.org>", "<m3@example.org>"]
    reading.cursor({"validity": before["validity"] + 1, "at": 0.0})  # the server numbers anew
    deliver(reading.port, "INBOX", *numbered(4))
    reading.read()
    assert reading.kept()[-1] == "<m4@example.org>"
    assert len(reading.kept()) == 4


def test_a_sender_that_writes_and_writes_is_left_alone_for_an_hour(reading: Reading) -> None:
    reading.put(per_hour=2)
    reading.read()
    deliver(reading.port, "INBOX", *numbered(11, 12, 13, 14, sender="loop@example.org"), *numbered(15))
    reading.read()
    assert reading.kept() == ["<m11@example.org>", "<m12@example.org>", "<m15@example.org>"]
    reading.now += 3_601
    deliver(reading.port, "INBOX", *numbered(16, sender="loop@example.org"))
    reading.read()
    assert "<m16@example.org>" in reading.kept()


def test_while_one_process_reads_no_other_does_and_a_trouble_is_told(reading: Reading) -> None:
    reading.put(mailbox="nowhere")
    with reading.database.transaction() as session:
        held = channels.begin_fetch(session, kinds={"email"}, now=reading.now, hold=180)
        assert [one.id for one in held] == ["post"]
        assert channels.begin_fetch(session, kinds={"email"}, now=reading.now, hold=180) == []
    reading.now += 180
    reading.read()
    with reading.database.transaction() as session:
        assert "no mailbox 'nowhere'" in str(channels.get(session, "post").problem)
        assert not channels.finish_fetch(session, held[0], {"last": 9}, reading.now), (
            "whoever was too slow changes nothing"
        )
    reading.put()
    reading.read()
    with reading.database.reading() as session:
        assert channels.get(session, "post").problem is None
