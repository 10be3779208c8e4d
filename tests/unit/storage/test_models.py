from __future__ import annotations

import pytest

from shared.errors import InvalidInput, NotFound
from shared.storage.database.engine import Database
from shared.storage.training import models
from tests.unit.storage.builders import a_model, at_once


def add(database: Database, *names: str) -> None:
    with database.transaction() as session:
        for number, name in enumerate(names):
            models.add(session, a_model(name, created_at=1000.5 + number))


def promote(database: Database, *names: str) -> None:
    for name in names:
        with database.transaction() as session:
            models.promote(session, "nlu", name, "key_1", 2000.5)


def roll_back(database: Database) -> str:
    with database.transaction() as session:
        return models.rollback(session, "nlu", "key_1", 3000.5).model_id


def in_production(database: Database) -> str | None:
    with database.reading() as session:
        return models.production(session, "nlu")


class TestModelList:
    def test_a_model_comes_back_as_it_was_stored(self, database: Database) -> None:
        add(database, "ft:minilm:parley::1")
        with database.reading() as session:
            model = models.get(session, "ft:minilm:parley::1")
        assert (model.task, model.size_bytes, model.gate) == ("nlu", 2**33, None)
        assert model.metrics == {"intent": {"accuracy": 0.9}}

    def test_a_deleted_model_is_in_no_list(self, database: Database) -> None:
        add(database, "a", "b", "c")
        with database.transaction() as session:
            models.delete(session, "b", 2000.0)
        with database.reading() as session:
            assert [model.id for model in models.all(session)] == ["c", "a"]
            with pytest.raises(NotFound):
                models.get(session, "b")

    def test_a_model_is_deleted_once(self, database: Database) -> None:
        add(database, "a")
        with database.transaction() as session:
            models.delete(session, "a", 2000.0)
        with pytest.raises(NotFound), database.transaction() as session:
            models.delete(session, "a", 2001.0)


class TestModelProduction:
    def test_the_model_promoted_last_is_in_production(self, database: Database) -> None:
        add(database, "a", "b")
        assert in_production(database) is None
        promote(database, "a", "b")
        assert in_production(database) == "b"

    def test_slots_are_apart(self, database: Database) -> None:
        add(database, "a")
        with database.transaction() as session:
            models.add(session, a_model("ranker", task="rank"))
            models.promote(session, "rank", "ranker", "key_1", 1.0)
        promote(database, "a")
        assert in_production(database) == "a"
        with pytest.raises(InvalidInput, match="serves models of 'nlu'"):
            promote(database, "ranker")

    def test_a_slot_belongs_to_the_task_of_its_first_model(self, database: Database) -> None:
        add(database, "a")
        with database.transaction() as session:
            models.add(session, a_model("topics", task="text_classification"))
            models.add(session, a_model("teacher"))
            models.promote(session, "complaints", "topics", "key_1", 1.0)
            models.promote(session, "teacher", "teacher", "key_1", 1.0)
        promote(database, "a")
        with database.reading() as session:
            assert models.deployments(session) == {"complaints": "topics", "nlu": "a", "teacher": "teacher"}
        for slot in ("complaints", "text_classification"):
            with database.transaction() as session, pytest.raises(InvalidInput, match=slot):
                models.promote(session, slot, "a", "key_1", 2.0)
        with database.transaction() as session, pytest.raises(InvalidInput, match="teacher"):
            models.delete(session, "teacher", 2.0)

    def test_promoting_the_model_in_production_changes_nothing(self, database: Database) -> None:
        add(database, "a", "b")
        promote(database, "a", "b", "b")
        with database.reading() as session:
            assert [row.model_id for row in models.history(session, "nlu")] == ["b", "a"]

    def test_an_unknown_or_deleted_model_is_not_promoted(self, database: Database) -> None:
        add(database, "a")
        with database.transaction() as session:
            models.delete(session, "a", 2000.0)
        for name in ("a", "none"):
            with pytest.raises(NotFound, match=name):
                promote(database, name)

    def test_the_model_in_production_is_not_deleted(self, database: Database) -> None:
        add(database, "a")
        promote(database, "a")
        with pytest.raises(InvalidInput, match="in production"), database.transaction() as session:
            models.delete(session, "a", 2000.0)

    def test_concurrent_promotions_form_one_chain(self, database: Database) -> None:
        add(database, *"abcdefgh")
        at_once(8, lambda number: promote(database, "abcdefgh"[number]))
        with database.reading() as session:
            chain = models.history(session, "nlu")[::-1]
        assert sorted(row.model_id for row in chain) == list("abcdefgh")
        assert [row.previous_model_id for row in chain] == [None, *(row.model_id for row in chain[:-1])]


class TestModelRollback:
    def test_going_back_twice_does_not_return_to_the_model_taken_out(self, database: Database) -> None:
        add(database, "a", "b", "c")
        promote(database, "a", "b", "c")
        assert [roll_back(database), roll_back(database)] == ["b", "a"]
        with pytest.raises(InvalidInput, match="No earlier model"):
            roll_back(database)
        assert in_production(database) == "a"

    def test_after_a_rollback_the_next_model_replaces_the_former_one(self, database: Database) -> None:
        add(database, "a", "b", "c")
        promote(database, "a", "b")
        roll_back(database)
        promote(database, "c")
        assert roll_back(database) == "a"

    def test_a_model_promoted_again_is_gone_back_from_again(self, database: Database) -> None:
        add(database, "a", "b")
        promote(database, "a", "b", "a")
        assert [roll_back(database), roll_back(database)] == ["b", "a"]
        with pytest.raises(InvalidInput):
            roll_back(database)

    def test_deleted_models_are_passed_over(self, database: Database) -> None:
        add(database, "a", "b", "c")
        promote(database, "a", "b", "c")
        with database.transaction() as session:
            models.delete(session, "b", 2000.0)
        assert roll_back(database) == "a"
        with pytest.raises(InvalidInput):
            roll_back(database)

    def test_there_is_nothing_to_go_back_to_at_first(self, database: Database) -> None:
        with pytest.raises(InvalidInput, match="promote one"):
            roll_back(database)

    def test_history_tells_who_did_what(self, database: Database) -> None:
        add(database, "a", "b")
        promote(database, "a", "b")
        roll_back(database)
        with database.reading() as session:
            rows = models.history(session, "nlu")
        assert [(row.kind, row.model_id, row.previous_model_id, row.actor) for row in rows] == [
            ("rollback", "a", "b", "key_1"),
            ("promote", "b", "a", "key_1"),
            ("promote", "a", None, "key_1"),
        ]
