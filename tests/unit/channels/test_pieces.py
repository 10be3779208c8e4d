"""A long answer of which the channel has taken a part: the next try brings the rest, and nothing twice."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from services.channels.kinds.kind import Outgoing, Undelivered
from tests.unit.channels.far_ends import Answer, Asked, far_end
from tests.unit.channels.test_kinds import NOW, send, setting

TOKEN: dict[str, Any] = {"errcode": 0, "access_token": "t", "expires_in": 7200}
LONGEST = {"telegram": 4_096, "dingtalk": 15_000, "wecom": 2_048}


def words(asked: Asked) -> str:
    text = asked.body["text"]
    return str(text["content"] if isinstance(text, dict) else text)


@pytest.mark.parametrize("kind", LONGEST)
def test_what_was_taken_is_not_said_again(kind: str) -> None:
    said, broken, heard = "abc" * LONGEST[kind], [True], list[str]()

    def answer(asked: Asked) -> Answer:
        if "gettoken" in asked.path:
            return 200, TOKEN
        if len(heard) == 1 and broken:
            return 503, {}
        heard.append(words(asked))
        return 200, {"ok": True, "errcode": 0}

    with far_end(answer) as end:
        reply = {"url": f"{end.url}/robot", "until": max(NOW, time.time()) + 60}
        message, one = Outgoing("m", "5", text=said, reply=reply), setting(kind, end.url)
        with pytest.raises(Undelivered) as caught:
            send(one, message)
        assert (caught.value.taken, caught.value.may_retry) == (1, True)
        broken.clear()
        send(one, replace(message, taken=caught.value.taken))
    assert "".join(heard) == said
    assert len(heard) == 3
