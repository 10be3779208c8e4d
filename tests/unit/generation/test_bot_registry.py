"""The registry follows the database, and keeps what works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.generation.bot_registry import BotRegistry
from services.generation.knowledge_cache import KnowledgeIndexCache
from shared.dialogue.knowledge import Embedder
from shared.errors import NoBot, Unavailable
from shared.inference.fake import FakeReader
from tests.unit.dialogue.conversation import DESK


class Database:
    """What the registry sees of it."""

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
def registry(database: Database) -> BotRegistry:
    return BotRegistry(database.newest, database.production, KnowledgeIndexCache(database.embedder))


def test_without_a_bot_the_error_says_what_to_do(registry: BotRegistry) -> None:
    with pytest.raises(NoBot, match="parley bot apply FILE") as raised:
        registry.current()
    assert registry.problem() == raised.value.message


def test_the_newest_bot_is_taken_up(registry: BotRegistry, database: Database) -> None:
    for version, name in ((1, "One"), (4, "Four")):
        database.bot = version, DESK.replace("Test desk", name)
        registry.follow()
        assert (registry.current().version, registry.current().bot.name) == (version, name)
    assert registry.problem() is None


def test_the_knowledge_is_ready_before_the_first_turn(registry: BotRegistry, database: Database) -> None:
    database.bot, database.model = (1, DESK), "ft:a"
    registry.follow()
    database.model = "ft:b"
    registry.follow()
    assert database.indexed == ["ft:a", "ft:b"]
    embedding = FakeReader("ft:b", ("greet",)).embed(["May I bring my dog?"])[0]
    match = registry.look_up(registry.current(), "ft:b", embedding)
    assert match is not None
    assert match.pair.id == "dogs"
    assert database.indexed == ["ft:a", "ft:b"]


def test_a_bot_without_knowledge_needs_no_model(registry: BotRegistry, database: Database) -> None:
    source = DESK[: DESK.index("knowledge:")] + DESK[DESK.index("handover:") :]
    database.bot, database.model = (1, source), "ft:a"
    registry.follow()
    embedding = FakeReader("ft:a", ("greet",)).embed(["dogs"])[0]
    assert registry.look_up(registry.current(), "ft:a", embedding) is None
    assert database.indexed == []


def test_a_faulty_bot_leaves_the_old_one_in_charge(registry: BotRegistry, database: Database) -> None:
    database.bot = 1, DESK
    registry.follow()
    database.bot = 2, DESK.replace("answers:", "anwsers:")
    registry.follow()
    assert registry.current().version == 1
    assert "anwsers" in str(registry.problem())
    database.bot = 3, DESK
    registry.follow()
    assert (registry.current().version, registry.problem()) == (3, None)


def test_a_database_that_is_away_changes_nothing(registry: BotRegistry, database: Database) -> None:
    database.bot = 1, DESK
    registry.follow()
    database.away = True
    registry.follow()
    assert registry.current().version == 1
    assert registry.problem() == "the database is away"


def test_a_first_bot_is_found_without_being_told(registry: BotRegistry, database: Database) -> None:
    database.bot = 1, DESK
    assert registry.current().version == 1
