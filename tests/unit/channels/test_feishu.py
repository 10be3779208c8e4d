"""Feishu and Lark: encrypted events of version 2, and refusals with a code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.channels.kinds.kind import Incoming, Outgoing, Refused, Undelivered
from services.channels.kinds.tokens import Tokens
from tests.unit.channels.calling import NOW, channel, received, send
from tests.unit.channels.enterprise_ends import FEISHU, feishu, feishu_message
from tests.unit.channels.far_ends import Answer, Asked, far_end

ROOT, CHAT = "om_5ce6d572455d361153b7cb51da133945", "oc_5ce6d572455d361153b7xx51da133945"
TOKEN = {"code": 0, "msg": "ok", "tenant_access_token": "t-caecc734c2e3328a62489fe0648c4b98779515d3", "expire": 7140}


def app(url: str = "https://open.feishu.cn") -> Any:
    return channel("feishu", url=url, **FEISHU)


def answering(*codes: tuple[int, int]) -> Any:
    """A far end that lends a token, and answers messages with these statuses and codes."""
    left = list(codes)

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/tenant_access_token/internal"):
            return 200, TOKEN
        status, code = left.pop(0) if left else (200, 0)
        return status, {"code": code, "msg": "", "data": {}}

    return answer


def test_a_direct_message_is_one_conversation_and_a_thread_in_a_group_another() -> None:
    direct = received(app(), *feishu(feishu_message(), NOW)).messages
    assert direct == (Incoming(ROOT, CHAT, "hello", "ou_84aad35d"),)
    mentions = [{"key": "@_user_1", "name": "Bot"}, {"key": "@_user_2", "name": "Tom"}]
    text = json.dumps({"text": "@_user_1 ask @_user_2 请"})
    group = feishu_message(chat_type="group", root_id="om_root", content=text, mentions=mentions)
    (said,) = received(app(), *feishu(group, NOW)).messages
    assert (said.thread, said.text) == (f"{CHAT}/om_root", "ask @Tom 请")
    (first,) = received(app(), *feishu(feishu_message(chat_type="group"), NOW)).messages
    assert first.thread == f"{CHAT}/{ROOT}"


@pytest.mark.parametrize(
    "changes",
    [
        {"sender_type": "app"},
        {"event_type": "im.message.message_read_v1"},
        {"message_type": "image", "content": json.dumps({"image_key": "img"})},
        {"content": None},
        {"content": json.dumps({"text": " "})},
    ],
)
def test_apps_pictures_and_other_events_are_left_alone(changes: dict[str, Any]) -> None:
    assert received(app(), *feishu(feishu_message(**changes), NOW)).messages == ()


def test_its_question_is_answered_although_it_is_not_signed() -> None:
    body = {"challenge": "ajls384kdjx98XX", "token": FEISHU["token"], "type": "url_verification"}
    assert json.loads(received(app(), *feishu(body, NOW, signed=False)).body) == {"challenge": "ajls384kdjx98XX"}
    with pytest.raises(Refused):
        received(app(), *feishu(body | {"token": "another"}, NOW, signed=False))


def test_nobody_else_is_believed() -> None:
    raw, headers = feishu(feishu_message(), NOW)
    other = feishu(feishu_message(), NOW, key="another-key")
    doubtful = [
        (raw, {}),
        (raw, headers | {"x-lark-signature": "0" * 64}),
        (raw + b" ", headers),
        other,
        feishu(feishu_message(), NOW - 90_000),
        feishu(feishu_message(token="another"), NOW),
    ]
    for wrong in doubtful:
        with pytest.raises(Refused) as refused:
            received(app(), *wrong)
        assert refused.value.status == 401
    for garbage in (b"{}", b'{"encrypt": "x"}', b'{"encrypt": "QUJDREVGR0hJSktMTU5PUA=="}', b"[]"):
        with pytest.raises(Refused):
            received(app(), garbage, {})


def test_answers_go_to_the_chat_or_the_thread_and_a_second_try_is_known_by_its_id() -> None:
    tokens = Tokens()
    with far_end(answering()) as end:
        for _ in range(2):
            send(app(end.url), Outgoing("m1", CHAT, text="Which?", suggestions=("A",)), tokens)
        send(app(end.url), Outgoing("m2", f"{CHAT}/{ROOT}", text="hi", role="colleague", author="Ada"), tokens)
    lent, first, again, reply = end.asked
    assert lent.body == {"app_id": FEISHU["app_id"], "app_secret": FEISHU["secret"]}
    assert first.path == "/open-apis/im/v1/messages?receive_id_type=chat_id"
    assert first.headers["authorization"] == f"Bearer {TOKEN['tenant_access_token']}"
    assert (first.body["receive_id"], first.body["msg_type"]) == (CHAT, "text")
    assert json.loads(first.body["content"]) == {"text": "Which?\n• A"}
    assert first.body["uuid"] == again.body["uuid"] != reply.body["uuid"]
    assert len(first.body["uuid"]) <= 50
    assert reply.path == f"/open-apis/im/v1/messages/{ROOT}/reply"
    assert json.loads(reply.body["content"]) == {"text": "Ada: hi"}


@pytest.mark.parametrize(
    ("status", "code", "may_retry"),
    [(200, 230002, False), (400, 230002, False), (200, 230020, True), (400, 99991663, True), (200, 99991400, True)],
)
def test_a_refusal_is_no_delivery_whatever_its_status(status: int, code: int, may_retry: bool) -> None:
    with far_end(answering((status, code))) as end, pytest.raises(Undelivered) as refused:
        send(app(end.url), Outgoing("m", CHAT, text="x"))
    assert (refused.value.may_retry, str(code) in str(refused.value)) == (may_retry, True)


def test_a_token_that_was_taken_back_is_asked_for_anew() -> None:
    tokens = Tokens()
    with far_end(answering((400, 99991663))) as end:
        with pytest.raises(Undelivered):
            send(app(end.url), Outgoing("m", CHAT, text="x"), tokens)
        send(app(end.url), Outgoing("m", CHAT, text="x"), tokens)
        send(app(end.url), Outgoing("n", CHAT, text="y"), tokens, NOW + 7_200)
    assert len([one for one in end.asked if one.path.endswith("/internal")]) == 3
