from __future__ import annotations

import pytest
from sqlmodel import select

from shared.contracts.chat.turns import DialogueState, PastTurn
from shared.errors import AlreadyExists, Conflict, NotFound
from shared.storage.chat import conversations, silence
from shared.storage.database.engine import Database
from shared.storage.tables.core import Conversation, Response, Turn
from tests.unit.storage.builders import a_conversation, a_turn, at_once


def begin(database: Database, *ids: str) -> None:
    with database.transaction() as session:
        conversations.add(session, *(a_conversation(conversation_id) for conversation_id in ids))


def store(database: Database, *turns: Turn) -> set[str]:
    with database.transaction() as session:
        return conversations.store_turns(session, turns)


def read(database: Database, conversation_id: str) -> Conversation:
    with database.reading() as session:
        return conversations.get(session, conversation_id)


def positions(database: Database, conversation_id: str) -> list[int]:
    with database.reading() as session:
        return [turn.position for turn in conversations.turns(session, conversation_id, limit=1000).items]


class TestStoringTurns:
    def test_a_turn_and_the_state_after_it_are_stored_together(self, database: Database) -> None:
        begin(database, "conv_1")
        state = DialogueState(slots={"city": "東京"}, failures=1)
        assert store(database, a_turn("turn_1", "conv_1", text="去東京 🙂", state=state)) == {"turn_1"}
        conversation = read(database, "conv_1")
        assert (conversation.turns, conversation.state, conversation.status) == (1, state, "open")
        with database.reading() as session:
            (turn,) = conversations.turns(session, "conv_1").items
        assert (turn.user_text, turn.position, turn.state) == ("去東京 🙂", 0, state)
        assert turn.answer.text == "On its way."

    def test_a_turn_that_comes_second_changes_nothing(self, database: Database) -> None:
        begin(database, "conv_1")
        store(database, a_turn("turn_1", "conv_1"))
        assert store(database, a_turn("turn_2", "conv_1", state=DialogueState(failures=9))) == set()
        assert read(database, "conv_1").state.failures == 0
        assert positions(database, "conv_1") == [0]

    @pytest.mark.parametrize("conversation_id", ["conv_ended", "conv_none"])
    def test_an_ended_or_unknown_conversation_takes_no_turn(self, database: Database, conversation_id: str) -> None:
        begin(database, "conv_ended")
        with database.transaction() as session:
            conversations.end(session, "conv_ended", 2000.0)
        assert store(database, a_turn("turn_1", conversation_id)) == set()

    def test_a_handover_shows_in_the_status_until_it_is_over(self, database: Database) -> None:
        begin(database, "conv_1", "conv_2")
        handed_over = a_turn("turn_1", "conv_1", state=DialogueState(handed_over=True))
        store(database, handed_over, a_turn("turn_2", "conv_2"))
        assert [read(database, f"conv_{number}").status for number in (1, 2)] == ["handed_over", "open"]
        store(database, a_turn("turn_3", "conv_1", position=1))
        assert read(database, "conv_1").status == "open"

    def test_a_batch_stores_what_fits_and_leaves_the_rest(self, database: Database) -> None:
        begin(database, *(f"conv_{number}" for number in range(20)))
        store(database, a_turn("turn_first", "conv_3"))
        batch = [
            a_turn(f"turn_{number}", f"conv_{number}", state=DialogueState(failures=number)) for number in range(20)
        ]
        stored = store(database, *batch, a_turn("turn_double", "conv_4"))
        assert stored == {f"turn_{number}" for number in range(20)} - {"turn_3"}
        assert [read(database, f"conv_{number}").state.failures for number in (2, 3, 4)] == [2, 0, 4]
        assert [positions(database, f"conv_{number}") for number in (3, 4)] == [[0], [0]]

    def test_an_empty_batch_is_no_work(self, database: Database) -> None:
        assert store(database) == set()

    def test_fifty_concurrent_turns_of_one_conversation_get_fifty_places(self, database: Database) -> None:
        begin(database, "conv_1")

        def say(number: int) -> int:
            for attempt in range(1, 400):
                seen = read(database, "conv_1")
                state = DialogueState(failures=seen.state.failures + 1)
                turn = a_turn(f"turn_{number}_{attempt}", "conv_1", position=seen.turns, state=state)
                if store(database, turn):
                    return turn.position
            raise AssertionError("never got a place")

        places = [place for ten in range(5) for place in at_once(10, lambda number: say(ten * 10 + number))]  # noqa: B023
        assert sorted(places) == list(range(50))
        assert positions(database, "conv_1") == list(range(50))
        assert read(database, "conv_1").state.failures == 50

    def test_concurrent_batches_store_each_place_once(self, database: Database) -> None:
        ids = [f"conv_{number}" for number in range(30)]
        begin(database, *ids)

        def batch(replica: int) -> int:
            order = ids if replica % 2 else ids[::-1]
            for _ in range(20):
                try:
                    return len(store(database, *(a_turn(f"turn_{replica}_{name}", name) for name in order)))
                except Conflict:
                    continue
            raise AssertionError("never got through")

        assert sum(at_once(6, batch)) == len(ids)
        assert all(positions(database, name) == [0] for name in ids)


class TestRepeatedTurns:
    def test_a_used_idempotency_key_stores_no_second_turn(self, database: Database) -> None:
        begin(database, "conv_1", "conv_2", "conv_3")
        store(database, a_turn("turn_1", "conv_1", idempotency_key="again"))
        assert store(
            database,
            a_turn("turn_2", "conv_2", idempotency_key="again"),
            a_turn("turn_3", "conv_3", idempotency_key="other"),
        ) == {"turn_3"}
        assert read(database, "conv_2").turns == 0

    def test_an_idempotency_key_twice_in_a_batch_is_stored_once(self, database: Database) -> None:
        begin(database, "conv_1", "conv_2", "conv_3", "conv_4")
        stored = store(
            database,
            a_turn("turn_1", "conv_1", idempotency_key="again"),
            a_turn("turn_2", "conv_2", idempotency_key="again"),
            a_turn("turn_3", "conv_3"),
            a_turn("turn_4", "conv_4"),
        )
        assert stored == {"turn_1", "turn_3", "turn_4"}

    def test_keys_of_other_customers_do_not_matter(self, database: Database) -> None:
        begin(database, "conv_1", "conv_2")
        store(database, a_turn("turn_1", "conv_1", idempotency_key="again"))
        assert store(database, a_turn("turn_2", "conv_2", key_id="key_2", idempotency_key="again")) == {"turn_2"}

    def test_a_turn_is_found_by_its_idempotency_key(self, database: Database) -> None:
        begin(database, "conv_1")
        store(database, a_turn("turn_1", "conv_1", idempotency_key="again"))
        with database.reading() as session:
            found = conversations.by_idempotency_key(session, "key_1", "again")
            assert conversations.by_idempotency_key(session, "key_2", "again") is None
        assert found is not None
        assert found.id == "turn_1"


class TestSilence:
    def test_only_what_is_silent_for_long_is_found_and_loose_answers_go(self, database: Database) -> None:
        begin(database, "conv_1", "conv_2")
        store(database, a_turn("turn_1", "conv_2"))
        with database.transaction() as session:
            said = conversations.turn(session, "conv_2", "turn_1").created_at
            begun = conversations.get(session, "conv_1").created_at
            session.add(Response(id="resp_1", created_at=begun, key_id="key_1", model="m"))
            session.add(Response(id="resp_2", created_at=begun, key_id="key_1", model="m", conversation_id="conv_1"))
        with database.transaction() as session:
            assert set(silence.silent_since(session, max(said, begun) + 1, 10)) == {"conv_1", "conv_2"}
            assert len(silence.silent_since(session, max(said, begun) + 1, 1)) == 1
            assert "conv_2" not in silence.silent_since(session, said, 10)
            silence.expire_answers(session, begun + 1)
        with database.reading() as session:
            assert list(session.exec(select(Response.id))) == ["resp_2"]


class TestFindingTurns:
    def test_the_newest_turn_with_a_digest_tells_whether_it_is_still_the_last(self, database: Database) -> None:
        begin(database, "conv_1", "conv_2")
        store(database, a_turn("turn_1", "conv_1", digest="d", created_at=1.5))
        store(database, a_turn("turn_2", "conv_2", digest="d", created_at=2.5))
        with database.reading() as session:
            found = conversations.by_digest(session, "key_1", "d")
            assert conversations.by_digest(session, "key_2", "d") is None
        assert found is not None
        turn, conversation = found
        assert (turn.id, conversation.id) == ("turn_2", "conv_2")
        assert turn.position + 1 == conversation.turns
        store(database, a_turn("turn_3", "conv_2", position=1, created_at=3.5))
        with database.reading() as session:
            found = conversations.by_digest(session, "key_1", "d")
        assert found is not None
        assert found[0].position + 1 < found[1].turns

    def test_the_last_words_come_oldest_first(self, database: Database) -> None:
        begin(database, "conv_1")
        for position in range(4):
            store(database, a_turn(f"turn_{position}", "conv_1", position=position, text=f"question {position}"))
        with database.reading() as session:
            words = conversations.latest_words(session, "conv_1", 2)
        assert words == [PastTurn(user=f"question {position}", answer="On its way.") for position in (2, 3)]

    def test_turns_are_paged_in_both_directions(self, database: Database) -> None:
        begin(database, "conv_1")
        for position in range(3):
            store(database, a_turn(f"turn_{position}", "conv_1", position=position))
        with database.reading() as session:
            up = conversations.turns(session, "conv_1", after="turn_0", limit=1)
            down = conversations.turns(session, "conv_1", after="turn_2", limit=5, order="desc")
        assert ([turn.position for turn in up.items], up.has_more) == ([1], True)
        assert ([turn.position for turn in down.items], down.has_more) == ([1, 0], False)

    def test_unobserved_turns_are_found_until_marked(self, database: Database) -> None:
        begin(database, "conv_1")
        for position in range(4):
            store(database, a_turn(f"turn_{position}", "conv_1", position=position, created_at=float(position)))
        with database.transaction() as session:
            assert [turn.id for turn in conversations.unobserved(session, 3.0, 2)] == ["turn_0", "turn_1"]
            conversations.mark_observed(session, ["turn_0", "turn_1"], 9.0)
        with database.reading() as session:
            assert [turn.id for turn in conversations.unobserved(session, 3.0, 10)] == ["turn_2"]


class TestConversationLife:
    def test_an_unknown_conversation_is_not_found(self, database: Database) -> None:
        with pytest.raises(NotFound, match="conv_none"):
            read(database, "conv_none")
        with pytest.raises(NotFound), database.transaction() as session:
            conversations.end(session, "conv_none", 1.0)

    def test_it_ends_once(self, database: Database) -> None:
        begin(database, "conv_1")
        with database.transaction() as session:
            conversations.end(session, "conv_1", 2000.5)
        with database.transaction() as session:
            conversation = conversations.end(session, "conv_1", 3000.5)
        assert (conversation.status, conversation.ended_at) == ("ended", 2000.5)

    def test_an_id_cannot_be_used_twice(self, database: Database) -> None:
        begin(database, "conv_1")
        with pytest.raises(AlreadyExists):
            begin(database, "conv_2", "conv_1")
        with pytest.raises(NotFound):
            read(database, "conv_2")
