"""Messages of channels that are tried again."""

from __future__ import annotations

from shared.storage.chat import channels
from shared.storage.database.engine import Database
from shared.storage.tables.channels import ChannelMessage


def test_a_postponed_message_remembers_the_pieces_that_were_taken(database: Database) -> None:
    owed = ChannelMessage(
        channel_id="c",
        thread="t",
        direction="out",
        external_id="m",
        content={"text": "x"},
        created_at=1.0,
        next_at=1.0,
    )
    with database.transaction() as session:
        channels.take_in(session, [owed])
    for now, taken, kept in ((1.0, 2, 2), (2.0, 0, 2), (3.0, 5, 5)):
        with database.transaction() as session:
            held = channels.claim(session, "out", token="s", now=now, hold=60.0)
            assert held is not None
            assert channels.postpone(session, held, now + 1.0, "busy", taken=taken)
        with database.reading() as session:
            (found,) = channels.messages(session, "c")
            assert found.content == {"text": "x", "taken": kept}
