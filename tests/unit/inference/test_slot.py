from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import NoModel
from shared.inference.fake import FakeReader
from shared.inference.slot import ModelSlot


def reader(model_id: str) -> FakeReader:
    return FakeReader(model_id, ["greet", "bye"], embedding_size=8)


def test_an_empty_slot_tells_what_to_do() -> None:
    with pytest.raises(NoModel, match="promote") as caught, ModelSlot("nlu").acquire():
        pass
    assert caught.value.retryable


def test_a_swap_takes_effect_at_once_for_new_users() -> None:
    slot = ModelSlot("nlu")
    slot.swap(reader("one"))
    with slot.acquire() as before:
        slot.swap(reader("two"))
        with slot.acquire() as after:
            assert (before.model_id, after.model_id, slot.model_id) == ("one", "two", "two")


def test_a_reader_is_closed_when_its_last_user_leaves_and_not_before() -> None:
    slot, old = ModelSlot("nlu"), reader("one")
    slot.swap(old)
    with slot.acquire(), slot.acquire():
        slot.swap(reader("two"))
        assert not old.is_closed
    assert old.is_closed


def test_a_reader_that_nobody_uses_is_closed_by_the_swap() -> None:
    slot, old, new = ModelSlot("nlu"), reader("one"), reader("two")
    slot.swap(old)
    slot.swap(new)
    assert old.is_closed
    assert not new.is_closed
    slot.close()
    assert new.is_closed
    assert slot.model_id is None


def test_a_user_that_fails_leaves_too() -> None:
    slot, old = ModelSlot("nlu"), reader("one")
    slot.swap(old)
    with pytest.raises(ZeroDivisionError), slot.acquire():
        raise ZeroDivisionError
    slot.close()
    assert old.is_closed


def test_no_request_is_lost_while_models_are_swapped() -> None:
    slot = ModelSlot("nlu")
    readers = [reader(str(number)) for number in range(200)]
    slot.swap(readers[0])
    stop = threading.Event()

    def ask() -> int:
        asked = 0
        while not stop.is_set():
            with slot.acquire() as current:
                current.read(["hello"])  # raises if it was closed under our hands
            asked += 1
        return asked

    with ThreadPoolExecutor(6) as pool:
        users = [pool.submit(ask) for _ in range(6)]
        for new in readers[1:]:
            slot.swap(new)
            time.sleep(0.001)
        stop.set()
        assert all(user.result() > 0 for user in users)
    assert [old.is_closed for old in readers] == [True] * 199 + [False]
