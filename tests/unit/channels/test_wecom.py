"""WeCom: encrypted XML with a signature in the address, and refusals with HTTP 200."""

from __future__ import annotations

from typing import Any

import pytest

from services.channels.kinds.kind import Event, Incoming, Outgoing, Refused, Undelivered
from services.channels.kinds.tokens import Tokens
from services.channels.kinds.wecom import receive
from tests.unit.channels.calling import NOW, channel, received, send
from tests.unit.channels.enterprise_ends import WECOM, wecom, wecom_query, wecom_sealed, wecom_text
from tests.unit.channels.far_ends import Answer, Asked, far_end


def app(url: str = "https://qyapi.weixin.qq.com") -> Any:
    return channel("wecom", url=url, **WECOM)


def posted(plain: bytes, now: float = NOW) -> tuple[bytes, dict[str, str], dict[str, str]]:
    raw, query = wecom(now, wecom_sealed(plain))
    return raw, {}, query


def answering(**told: Any) -> Any:
    def answer(asked: Asked) -> Answer:
        if "/gettoken" in asked.path:
            return 200, {"errcode": 0, "errmsg": "ok", "access_token": "accesstoken000001", "expires_in": 7200}
        return 200, {"errcode": 0, "errmsg": "ok", "msgid": "xxxx"} | told

    return answer


def test_a_text_is_a_message_of_that_person() -> None:
    found = received(app(), *posted(wecom_text()))
    assert found.messages == (Incoming("4561255354251345929", "mycreate", "hello <you> & 你好", "mycreate"),)
    assert found.body == ""
    for changes in ({"MsgType": "image"}, {"AgentID": "219"}, {"Content": " "}, {"MsgId": ""}):
        assert received(app(), *posted(wecom_text(**changes))).messages == ()


def test_its_question_is_answered_with_what_it_encrypted() -> None:
    sealed = wecom_sealed(b"1616140317555161061")
    answered = received(app(), b"", {}, wecom_query(sealed, NOW) | {"echostr": sealed})
    assert (answered.body, answered.content_type) == ("1616140317555161061", "text/plain")


def test_the_key_of_the_documents_reads_what_their_library_encrypted() -> None:
    """The example of https://developer.work.weixin.qq.com/document/path/90968, whose signature is of the year 2014."""
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    query = {
        "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
        "timestamp": "1409659589",
        "nonce": "263014780",
        "echostr": echo,
    }
    assert receive(app(), Event({}, b"", 1_409_659_600.0, query)).body == "1616140317555161061"


def test_nobody_else_is_believed() -> None:
    raw, _, query = posted(wecom_text())
    doubtful = [
        (raw, {}, {}),
        (raw, {}, query | {"msg_signature": "0" * 40}),
        (raw.replace(b"<Encrypt><![CDATA[", b"<Encrypt><![CDATA[AAAA"), {}, query),
        posted(wecom_text(), NOW - 3_600),
    ]
    for wrong in doubtful:
        with pytest.raises(Refused) as refused:
            received(app(), *wrong)
        assert refused.value.status == 401
    sealed = wecom_sealed(wecom_text(), "another-enterprise")
    with pytest.raises(Refused, match="corp_id"):
        received(app(), wecom(NOW, sealed)[0], {}, wecom_query(sealed, NOW))


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"<xml>", b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>']
)
def test_what_is_no_plain_xml_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused, match="no XML"):
        received(app(), raw, {}, wecom_query("", NOW))


def test_answers_go_to_the_person_in_pieces_and_one_token_serves_all() -> None:
    tokens = Tokens()
    with far_end(answering()) as end:
        send(app(end.url), Outgoing("m", "mycreate", text="好" * 1_000), tokens)
        send(app(end.url), Outgoing("n", "mycreate", text="hi", role="colleague", author="Ada"), tokens)
    lent, *sent = end.asked
    assert (lent.method, lent.path) == (
        "GET",
        f"/cgi-bin/gettoken?corpid={WECOM['corp_id']}&corpsecret={WECOM['secret']}",
    )
    texts = [one.body["text"]["content"] for one in sent]
    assert all(len(text.encode()) <= 2_048 for text in texts)
    assert ("".join(texts[:-1]), texts[-1]) == ("好" * 1_000, "Ada: hi")
    assert sent[0].path == "/cgi-bin/message/send?access_token=accesstoken000001"
    assert (sent[0].body["touser"], sent[0].body["agentid"], sent[0].body["msgtype"]) == ("mycreate", 218, "text")


@pytest.mark.parametrize(
    ("told", "may_retry"),
    [
        ({"errcode": 81013}, False),
        ({"errcode": 45009}, True),
        ({"errcode": 42001}, True),
        ({"invaliduser": "mycreate"}, False),
    ],
)
def test_a_refusal_with_status_200_is_no_delivery(told: dict[str, Any], may_retry: bool) -> None:
    with far_end(answering(**told)) as end, pytest.raises(Undelivered) as refused:
        send(app(end.url), Outgoing("m", "mycreate", text="x"))
    assert refused.value.may_retry is may_retry
