"""DingTalk: a signature of the time alone, and answers by the session's webhook."""

from __future__ import annotations

from typing import Any

import pytest

from services.channels.kinds.kind import Outgoing, Refused, Undelivered
from tests.unit.channels.calling import NOW, channel, received, send
from tests.unit.channels.enterprise_ends import DINGTALK, dingtalk
from tests.unit.channels.far_ends import always, far_end

OFFICIAL = "https://oapi.dingtalk.com"


def robot(url: str = OFFICIAL) -> Any:
    return channel("dingtalk", url=url, **DINGTALK)


def test_what_is_said_to_it_is_a_message_of_that_person_in_that_place() -> None:
    (said,) = received(robot(), *dingtalk(NOW, OFFICIAL)).messages
    assert (said.id, said.thread) == ("msg0xxxxx", "cidk8bHhJyWZ/$:LWCP_v1:$Ff09")
    assert (said.text, said.author) == ("hello", "杨xx")
    for changes in ({"msgtype": "picture"}, {"text": {"content": " "}}, {"text": None}, {"msgId": None}):
        assert received(robot(), *dingtalk(NOW, OFFICIAL, **changes)).messages == ()


def test_nobody_else_is_believed() -> None:
    raw, headers = dingtalk(NOW, OFFICIAL)
    old, strange = dingtalk(NOW - 3_700, OFFICIAL), dingtalk(NOW, OFFICIAL, secret="another-secret")
    for wrong in ((raw, {}), (raw, headers | {"sign": headers["sign"][:-4] + "AAA="}), old, strange):
        with pytest.raises(Refused) as refused:
            received(robot(), *wrong)
        assert refused.value.status == 401


def test_a_body_cannot_say_that_answers_go_elsewhere() -> None:
    for elsewhere in ("https://evil.example", "https://oapi.dingtalk.com.evil.example", ""):
        with pytest.raises(Refused, match="sessionWebhook"):
            received(robot(), *dingtalk(NOW, elsewhere))


def test_an_answer_goes_to_the_session_with_the_person_named_in_a_group() -> None:
    with far_end(always(200, {"errcode": 0, "errmsg": "ok"})) as end:
        (said,) = received(robot(end.url), *dingtalk(NOW, end.url)).messages
        send(robot(end.url), Outgoing("m", said.thread, text="Which?", suggestions=("A",), reply=said.reply))
        (direct,) = received(robot(end.url), *dingtalk(NOW, end.url, conversationType="1")).messages
        send(robot(end.url), Outgoing("m", said.thread, text="x" * 16_000, reply=direct.reply))
    group, first, last = end.asked
    assert group.path == "/robot/sendBySession?session=6d69b333f243db32d42c11sda9de620"
    assert group.body == {"msgtype": "text", "text": {"content": "Which?\n• A"}, "at": {"atUserIds": ["user123"]}}
    assert first.body["at"] == {"atUserIds": []}
    assert len(first.body["text"]["content"] + last.body["text"]["content"]) == 16_000


@pytest.mark.parametrize(("code", "may_retry"), [(310000, False), (130101, True), (None, False)])
def test_a_refusal_with_status_200_is_no_delivery(code: int | None, may_retry: bool) -> None:
    with far_end(always(200, {"errcode": code})) as end, pytest.raises(Undelivered) as refused:
        send(robot(end.url), Outgoing("m", "t", text="x", reply={"url": end.url, "until": NOW + 1}))
    assert refused.value.may_retry is may_retry


def test_what_is_told_after_the_session_waits_for_the_customer() -> None:
    for reply in ({}, {"url": "https://oapi.dingtalk.com/x", "until": NOW - 1}):
        with pytest.raises(Undelivered, match="writes again") as ended:
            send(robot(), Outgoing("m", "t", text="x", reply=reply))
        assert ended.value.may_retry
