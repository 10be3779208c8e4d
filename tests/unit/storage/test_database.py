from __future__ import annotations

import threading

import pytest
from sqlalchemy.exc import SQLAlchemyError

from shared.contracts.chat.turns import DialogueState
from shared.errors import InvalidInput, NotFound
from shared.storage.chat import conversations
from shared.storage.database.engine import Database, open_database
from shared.storage.training import files, jobs
from tests.unit.storage.builders import a_conversation, a_file, a_job, a_turn, at_once


class TestTransactions:
    def test_an_error_undoes_everything(self, database: Database) -> None:
        def fail_halfway() -> None:
            with database.transaction() as session:
                files.add(session, a_file("file-1"))
                raise KeyError

        with pytest.raises(KeyError):
            fail_halfway()
        with database.reading() as session, pytest.raises(NotFound):
            files.get(session, "file-1")

    def test_rows_are_plain_values_afterwards(self, database: Database) -> None:
        with database.transaction() as session:
            job = jobs.add(session, a_job("ftjob-1", metadata={"a": "b"}))
        assert (job.id, job.user_metadata) == ("ftjob-1", {"a": "b"})

    def test_what_was_stored_is_there_after_reopening(self, database: Database, database_url: str) -> None:
        with database.transaction() as session:
            files.add(session, a_file("file-1"))
        with open_database(database_url) as again, again.reading() as session:
            assert files.get(session, "file-1").filename == "rows.jsonl"

    def test_a_reading_session_cannot_write(self, database: Database) -> None:
        with pytest.raises(SQLAlchemyError, match=r"(?i)read.?only"), database.reading() as session:
            files.add(session, a_file("file-1"))
        with database.transaction() as session:
            files.add(session, a_file("file-1"))

    def test_a_reader_does_not_wait_for_a_writer(self, database: Database) -> None:
        with database.transaction() as session:
            files.add(session, a_file("file-1"))
        writing, done = threading.Event(), threading.Event()

        def write() -> None:
            with database.transaction() as session:
                files.add(session, a_file("file-2"))
                writing.set()
                assert done.wait(timeout=30)

        writer = threading.Thread(target=write)
        writer.start()
        assert writing.wait(timeout=30)
        with database.reading() as session:
            assert [file.id for file in files.page(session).items] == ["file-1"]
        done.set()
        writer.join()
        with database.reading() as session:
            assert len(files.page(session).items) == 2

    def test_many_writers_take_turns(self, database: Database) -> None:
        def write(number: int) -> None:
            for round_number in range(10):
                with database.transaction() as session:
                    files.page(session)  # reads first, as a transaction that would have to upgrade its lock
                    files.add(session, a_file(f"file-{number}-{round_number}"))

        at_once(8, write)
        with database.reading() as session:
            assert len(files.page(session, limit=1000).items) == 80


class TestUnstorableText:
    @pytest.mark.parametrize("text", ["a\0b", "half \ud83d of it", "\udc00"])
    def test_it_is_refused_wherever_it_stands(self, database: Database, text: str) -> None:
        inside = a_turn("turn_1", "conv_1", state=DialogueState(slots={"city": text}))
        with database.transaction() as session:
            conversations.add(session, a_conversation("conv_1"))
        with pytest.raises(InvalidInput, match="NUL"), database.transaction() as session:
            conversations.store_turns(session, [a_turn("turn_1", "conv_1", text=text)])
        with pytest.raises(InvalidInput, match="NUL"), database.transaction() as session:
            conversations.store_turns(session, [inside])
        with pytest.raises(InvalidInput, match="NUL"), database.transaction() as session:
            jobs.add(session, a_job("ftjob-1", metadata={text: "v"}))
        with pytest.raises(InvalidInput, match="NUL"), database.reading() as session:
            jobs.get(session, text)
        with database.reading() as session:
            assert conversations.get(session, "conv_1").turns == 0

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "\\u0000",
            "e\u0301",
            "🙂👩‍👩‍👧",
            "\u200f\u202e",
            "\ufffe\uffff",
            "\x01\x7f",
            "a\r\n\tb",
            "x" * 10_000,
        ],
    )
    def test_any_other_text_comes_back_unchanged(self, database: Database, text: str) -> None:
        with database.transaction() as session:
            conversations.add(session, a_conversation("conv_1"))
            state = DialogueState(slots={text: text})
            conversations.store_turns(session, [a_turn("turn_1", "conv_1", text=text, state=state)])
        with database.reading() as session:
            (turn,) = conversations.turns(session, "conv_1").items
        assert (turn.user_text, turn.state.slots) == (text, {text: text})
