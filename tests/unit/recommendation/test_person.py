"""Who is asking, and what is remembered of those who asked."""

from __future__ import annotations

import pytest

from services.recommendation import person as persons
from services.recommendation.person import NOBODY, People, Person, person
from shared.tasks.recommendation.record import EventRow


def test_a_session_goes_behind_what_was_chosen_before() -> None:
    known = person([EventRow("a", "purchase", 1, user_id="u"), EventRow("b", "view", 2, user_id="u")])
    assert (known.history, known.seen) == (("a", "b"), frozenset(("a",)))
    after = known.after(("c", "a"))
    assert (after.history, after.seen) == (("b", "c", "a"), frozenset(("a", "c")))
    assert NOBODY.after(("x",)).history == ("x",)


def test_who_did_something_is_forgotten_and_nobody_else() -> None:
    people = People()
    people.keep("u:ann", Person(("a",)))
    people.keep("u:bob", Person(("b",)))
    people.changed([EventRow("c", "view", 1, user_id="ann")])
    assert people.get("u:ann") is None
    assert people.get("u:bob") == Person(("b",))


def test_those_who_asked_longest_ago_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persons, "_REMEMBERED", 10)
    people = People()
    for name in "abcd":
        people.keep(name, Person(("1", "2")))
        people.get("a")
    assert [name for name in "abcd" if people.get(name)] == ["a", "c", "d"]
