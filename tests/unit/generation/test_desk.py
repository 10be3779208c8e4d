"""The desk follows the database, and keeps what works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.generation.desk import Desk
from services.generation.knowledge import KnowledgeShelf
from shared.dialogue.knowledge import Embedder
from shared.errors import NoBot, Unavailable
from shared.inference.fake import FakeReader
from tests.unit.dialogue.conversation import DESK


class Database:
    """What the desk sees of it."""

    def __init__(self) -> None:
        self.bot: tuple[int, str] | None = None
        self.model: str | None = None
        self.away = False
        self.indexed: list[str] = []

    def newest(self) -> tuple[int, str] | None:
        if self.away:
            raise Unavailable("the database is away")
        return self.bot

    def production(self) -> str | None:
        return self.model

    @contextmanager
    def embedder(self, model_id: str) -> Iterator[Embedder]:
        self.indexed.append(model_id)
        yield FakeReader(model_id, ("greet",))


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database.newest, database.production, KnowledgeShelf(database.embedder))


def test_without_a_bot_the_error_says_what_to_do(desk: Desk) -> None:
    with pytest.raises(NoBot, match="parley bot apply FILE") as raised:
        desk.current()
    assert desk.problem() == raised.value.message


def test_the_newest_bot_is_taken_up(desk: Desk, database: Database) -> None:
    for version, name in ((1, "One"), (4, "Four")):
        database.bot = version, DESK.replace("Test desk", name)
        desk.follow()
        assert (desk.current().version, desk.current().bot.name) == (version, name)
    assert desk.problem() is None


def test_the_knowledge_is_ready_before_the_first_turn(desk: Desk, database: Database) -> None:
    database.bot, database.model = (1, DESK), "ft:a"
    desk.follow()
    database.model = "ft:b"
    desk.follow()
    assert database.indexed == ["ft:a", "ft:b"]
    embedding = FakeReader("ft:b", ("greet",)).embed(["May I bring my dog?"])[0]
    match = desk.look_up(desk.current(), "ft:b", embedding)
    assert match is not None
    assert match.pair.id == "dogs"
    assert database.indexed == ["ft:a", "ft:b"]


def test_a_bot_without_knowledge_needs_no_model(desk: Desk, database: Database) -> None:
    source = DESK[: DESK.index("knowledge:")] + DESK[DESK.index("handover:") :]
    database.bot, database.model = (1, source), "ft:a"
    desk.follow()
    embedding = FakeReader("ft:a", ("greet",)).embed(["dogs"])[0]
    assert desk.look_up(desk.current(), "ft:a", embedding) is None
    assert database.indexed == []


def test_a_faulty_bot_leaves_the_old_one_in_charge(desk: Desk, database: Database) -> None:
    database.bot = 1, DESK
    desk.follow()
    database.bot = 2, DESK.replace("answers:", "anwsers:")
    desk.follow()
    assert desk.current().version == 1
    assert "anwsers" in str(desk.problem())
    database.bot = 3, DESK
    desk.follow()
    assert (desk.current().version, desk.problem()) == (3, None)


def test_a_database_that_is_away_changes_nothing(desk: Desk, database: Database) -> None:
    database.bot = 1, DESK
    desk.follow()
    database.away = True
    desk.follow()
    assert desk.current().version == 1
    assert desk.problem() == "the database is away"


def test_a_first_bot_is_found_without_being_told(desk: Desk, database: Database) -> None:
    database.bot = 1, DESK
    assert desk.current().version == 1
