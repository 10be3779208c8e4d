"""What many viewers ask is asked once."""

from __future__ import annotations

import asyncio

import pytest

from services.console.recent import RecentAnswers


class Asked:
    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> int:
        self.times += 1
        await asyncio.sleep(0)
        return self.times


pytestmark = pytest.mark.asyncio


async def test_viewers_share_an_answer_until_it_is_old() -> None:
    now = [0.0]
    recent, asked = RecentAnswers(1.0, lambda: now[0]), Asked()
    answers = await asyncio.gather(*(recent.get(("key", "/v1/models"), asked) for _ in range(40)))
    assert (set(answers), asked.times) == ({1}, 1)
    now[0] = 1.5
    assert await recent.get(("key", "/v1/models"), asked) == 2
    assert await recent.get(("other key", "/v1/models"), asked) == 3


async def test_whoever_changed_something_sees_it_at_once() -> None:
    recent, asked = RecentAnswers(1.0, lambda: 0.0), Asked()
    await recent.get(("key", "/v1/models"), asked)
    recent.forget("key")
    assert await recent.get(("key", "/v1/models"), asked) == 2


async def test_an_error_is_everybodys() -> None:
    async def fail() -> int:
        raise ValueError("away")

    recent = RecentAnswers(1.0, lambda: 0.0)
    for _ in range(2):
        with pytest.raises(ValueError, match="away"):
            await recent.get(("key", "/x"), fail)


async def test_who_leaves_takes_the_question_from_nobody() -> None:
    recent, asked = RecentAnswers(1.0, lambda: 0.0), Asked()
    first = asyncio.ensure_future(recent.get(("key", "/x"), asked))
    second = asyncio.ensure_future(recent.get(("key", "/x"), asked))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1
