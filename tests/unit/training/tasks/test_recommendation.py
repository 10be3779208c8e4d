"""What events say, how they are cut by time, and what is solved in closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.training.tasks.recommendation import behaviour
from services.training.tasks.recommendation.scores import Audience
from services.training.tasks.recommendation.task import by_time
from shared.errors import BrokenArtifact, TrainingFailed
from shared.rows.problems import Faulty
from shared.tasks.recommendation.histories import chosen, refused
from shared.tasks.recommendation.learned import CATALOG, Learned, hashes_of
from shared.tasks.recommendation.neighbours import Neighbours
from shared.tasks.recommendation.popularity import WIDTH, Popularity, at_times
from shared.tasks.recommendation.record import KIND, EventRow, ItemRow

ITEMS = [ItemRow(item_id=name, text=f"item {name}") for name in "abcdefgh"]


def event(
    item: str, kind: str = "purchase", at: float = 1.0, *, who: str = "ann", value: float | None = None
) -> EventRow:
    row = KIND.parse(
        {"user_id": who, "item_id": item, "type": kind, "timestamp": at} | ({} if value is None else {"value": value})
    )
    assert isinstance(row, EventRow)
    return row


@pytest.mark.parametrize(
    ("told", "kept", "unwanted"),
    [
        ([("a", "purchase"), ("b", "purchase"), ("a", "purchase")], ["b", "a"], set()),
        ([("a", "purchase"), ("a", "return")], [], {"a"}),
        ([("a", "purchase"), ("a", "return"), ("a", "purchase")], ["a"], set()),
        ([("a", "view"), ("b", "cart")], [], set()),
        ([("a", "purchase"), ("a", "dismiss")], [], {"a"}),
    ],
)
def test_what_speaks_for_an_item(told: list[tuple[str, str]], kept: list[str], unwanted: set[str]) -> None:
    events = [event(item, kind, at) for at, (item, kind) in enumerate(told)]
    assert [one.item_id for one in chosen(events)] == kept
    assert refused(events) == unwanted


def test_a_low_rating_takes_back_a_high_one() -> None:
    events = [event("a", "rating", 1, value=5), event("b", "rating", 2, value=4), event("a", "rating", 3, value=2)]
    assert [one.item_id for one in chosen(events)] == ["b"]


@pytest.mark.parametrize(
    "record",
    [
        {"item_id": "a", "type": "purchase", "timestamp": 1},
        {"user_id": "u", "session_id": "s", "item_id": "a", "type": "view", "timestamp": 1},
        {"user_id": "u", "item_id": "a", "type": "rating", "timestamp": 1},
        {"user_id": "u", "item_id": "a", "type": "view", "timestamp": 1_700_000_000_000},
        {"user_id": "u", "item_id": "a", "type": "view", "timestamp": "yesterday"},
        {"item_id": " a", "text": "x"},
        {"item_id": "a", "text": "x", "price": float("inf")},
        {"item_id": "a", "text": "x", "meta": {"nested": {}}},
    ],
)
def test_wrong_rows_are_refused(record: dict[str, object]) -> None:
    with pytest.raises(Faulty):
        KIND.parse(record)


def test_histories_are_cut_by_time_and_know_nothing_of_the_future() -> None:
    events = [
        event("abcdefgh"[(person + step) % 8], at=100.0 * step + person, who=f"p{person}")
        for person in range(12)
        for step in range(4)
    ]
    parts = by_time([*ITEMS, *events])
    for train, validation, test in zip(parts.train, parts.validation, parts.test, strict=True):
        assert train.who == validation.who == test.who
        assert [len(one.visits) for one in (train, validation, test)] == [2, 2, 3]
        assert train.target is None
        assert validation.target is not None
        assert test.target is not None
        assert train.now < validation.target.at < test.target.at
        assert validation.target == test.visits[-1]


def test_too_few_histories_are_refused_with_what_happens_until_then() -> None:
    with pytest.raises(TrainingFailed, match="popularity and likeness"):
        by_time([*ITEMS, *(event(item, at=at) for at, item in enumerate("abc"))])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1e7), st.integers(0, 3)), max_size=20), st.floats(0, 1e7))
def test_popularity_of_a_time_is_that_of_the_events_before(events: list[tuple[float, int]], now: float) -> None:
    ((_, seen),) = at_times(4, events, [now])
    past = Popularity(4)
    for at, item in sorted(events):
        if at <= now:
            past.add(item, at)
    past.forward(now)
    np.testing.assert_allclose(seen, past.seen(), atol=1e-4)


def test_both_ways_to_solve_give_the_same_weights() -> None:
    """With fewer people than items, and the other way round."""
    rng = np.random.default_rng(0)
    few = [np.sort(rng.choice(12, 4, replace=False)).astype(np.int32) for _ in range(8)]
    dual = behaviour.goes_with(few, 12)
    primal = behaviour.goes_with([*few, *([np.zeros(0, np.int32)] * 20)], 12)
    history, weights = few[0], np.ones(4, np.float32)
    np.testing.assert_allclose(dual.scores(history, weights, 12), primal.scores(history, weights, 12), atol=1e-6)
    assert dual.scores(history, weights, 12).max() > 0


def test_neighbours_move_with_their_items() -> None:
    table = Neighbours(np.array([[1], [2], [0]], np.int32), np.array([[0.5], [0.7], [0.9]], np.float32))
    moved = table.moved(np.array([2, -1, 0], np.int32), 4)
    history = np.array([0, 2], np.int32)
    assert moved.scores(history, np.ones(2, np.float32), 4).tolist() == pytest.approx([0, 0, 0.9, 0])
    said = moved.said(np.array([2, 3], np.int32), history, np.ones(2, np.float32))
    assert said.tolist() == [[pytest.approx(0.9), 0], [0, 0]]


def test_a_target_that_nobody_chose_before_is_not_judged() -> None:
    rows = by_time(
        [
            *ITEMS,
            *(event("abc"[step], at=step, who=f"p{n}") for n in range(11) for step in range(3)),
            *(event(item, at=at, who="last") for at, item in enumerate("abh")),
        ]
    ).test
    audience = Audience(rows)
    assert {audience.items[one.right].item_id for one in audience.judged()} <= {"a", "b", "c"}


def test_what_a_model_keeps_is_read_again_and_nothing_else_is(tmp_path: Path) -> None:
    kept = Learned(
        ["a", "b"],
        hashes_of(["x", "y"]),
        np.ones((2, 3), np.float16),
        Neighbours.none(2),
        Neighbours.none(2),
        np.ones((2, WIDTH)),
        7.0,
    )
    kept.save(tmp_path)
    read = Learned.load(tmp_path / CATALOG)
    assert (list(read.item_ids), read.at) == (["a", "b"], 7.0)
    np.savez(tmp_path / CATALOG, item_ids=np.array([object()], dtype=object))
    with pytest.raises(BrokenArtifact):
        Learned.load(tmp_path / CATALOG)
    (tmp_path / CATALOG).write_bytes(b"no archive")
    with pytest.raises(BrokenArtifact):
        Learned.load(tmp_path / CATALOG)
