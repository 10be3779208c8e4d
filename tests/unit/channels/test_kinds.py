"""Every kind of channel against the shapes that its documents show."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any

import pytest

from services.channels.kinds.kind import MAX_TEXT, Event, Incoming, Outgoing, Post, Received, Refused, Undelivered
from services.channels.kinds.table import KINDS
from shared.contracts.channels import CustomerChannel
from shared.outbound.client import OutboundClient, OutboundRefused
from shared.outbound.signing import is_signed
from tests.unit.channels import enterprise_ends, far_ends
from tests.unit.channels.far_ends import Answer, Asked, always, far_end

NOW = 1_790_000_000.0
#: Kinds that are called over HTTP.
CALLED = ("webhook", "chatwoot", "telegram", "slack", "feishu", "dingtalk", "wecom")
HERE = OutboundClient((ip_network("127.0.0.0/8"),))


def setting(kind: str, url: str = "https://far.example", **more: Any) -> Any:
    settings: dict[str, dict[str, Any]] = {
        "webhook": {"secret": far_ends.WEBHOOK_SECRET},
        "chatwoot": {"account_id": 3, "token": far_ends.CHATWOOT_TOKEN, "secret": far_ends.CHATWOOT_SECRET},
        "telegram": {"token": far_ends.TELEGRAM_TOKEN, "secret": far_ends.TELEGRAM_SECRET},
        "slack": {"token": far_ends.SLACK_TOKEN, "secret": far_ends.SLACK_SECRET},
        "feishu": enterprise_ends.FEISHU,
        "dingtalk": enterprise_ends.DINGTALK,
        "wecom": enterprise_ends.WECOM,
    }
    return CustomerChannel.model_validate({"type": kind, "url": url, **settings[kind], **more}).root


def told(url: str) -> Outgoing:
    """A message in the thread of one that named this address for answers."""
    return Outgoing("m", "5", text="x", reply={"url": url})


def received(one: Any, sent: tuple[bytes, dict[str, str]]) -> Received:
    return KINDS[type(one)].receive(one, Event(sent[1], sent[0], NOW))


def send(one: Any, message: Outgoing) -> None:
    KINDS[type(one)].send(one, message, Post(HERE, NOW))


class TestWebhook:
    def test_reads_where_the_fields_are(self) -> None:
        fields = {"id": "message.id", "thread": "from.room", "text": "message.body", "author": "from.name"}
        body = {"message": {"id": 7, "body": " 你好 "}, "from": {"room": "r1", "name": "Ada"}}
        found = received(setting("webhook", fields=fields), far_ends.webhook(body, NOW))
        assert found.messages == (Incoming("7", "r1", "你好", "Ada"),)

    def test_without_an_id_the_delivery_s_own_stands_for_it(self) -> None:
        found = received(setting("webhook"), far_ends.webhook({"thread": "t", "text": "x" * 20_000}, NOW, "msg_9"))
        assert (found.messages[0].id, len(found.messages[0].text)) == ("msg_9", MAX_TEXT)

    @pytest.mark.parametrize("body", [[], {}, {"thread": "t"}, {"thread": {"id": 1}, "text": "x"}, {"text": True}])
    def test_what_has_no_words_is_refused(self, body: Any) -> None:
        with pytest.raises(Refused) as refused:
            received(setting("webhook"), far_ends.webhook(body, NOW))
        assert refused.value.status == 400

    def test_what_goes_out_is_signed_and_filled_in_once(self) -> None:
        template = {"to": "{thread}", "body": [{"text": "{author}: {text} {unknown}", "n": 1}], "id": "{id}"}
        with far_end() as end:
            one = setting("webhook", end.url, template=template)
            send(one, Outgoing("item_1", "r1", text="see {thread} {id}", role="colleague", author="Ada"))
        (asked,) = end.asked
        assert asked.body == {
            "to": "r1",
            "body": [{"text": "Ada: see {thread} {id} {unknown}", "n": 1}],
            "id": "item_1",
        }
        signed = asked.headers["webhook-signature"]
        assert asked.headers["webhook-id"] == "item_1"
        assert is_signed(far_ends.WEBHOOK_SECRET, "item_1", int(NOW), asked.raw, signed)

    def test_without_a_template_all_is_told(self) -> None:
        with far_end() as end:
            send(setting("webhook", end.url), Outgoing("m", "t", text="hi", suggestions=("a", "b"), created_at=5.5))
        assert end.asked[0].body == {
            "id": "m",
            "thread": "t",
            "event": "message",
            "text": "hi",
            "role": "bot",
            "author": "",
            "status": "",
            "suggestions": ["a", "b"],
            "created_at": 5,
        }


class TestChatwoot:
    def test_a_customer_s_message_in_a_pending_conversation_is_ours(self) -> None:
        found = received(setting("chatwoot"), far_ends.chatwoot(NOW))
        assert found.messages == (Incoming("101", "12", "hello", "Ada", is_bots=True),)

    @pytest.mark.parametrize(
        "changes",
        [
            {"message_type": "outgoing"},
            {"message_type": 1},
            {"private": True},
            {"event": "message_updated"},
            {"event": "conversation_opened"},
            {"conversation": {"status": "open"}},
            {"content": None},
            {"id": "101"},
        ],
    )
    def test_everything_else_is_taken_and_means_nothing(self, changes: dict[str, Any]) -> None:
        assert received(setting("chatwoot"), far_ends.chatwoot(NOW, **changes)).messages == ()

    def test_answers_are_posted_and_a_hand_over_opens_it_for_agents(self) -> None:
        with far_end() as end:
            one = setting("chatwoot", end.url, labels=["bot-handover"])
            send(one, Outgoing("m", "12", text="Which?", suggestions=("A", "B")))
            send(one, Outgoing("s", "12", "status", status="handed_over"))
        place = "/api/v1/accounts/3/conversations/12"
        assert [(asked.path, asked.body) for asked in end.asked] == [
            (f"{place}/messages", {"content": "Which?\n• A\n• B", "message_type": "outgoing", "private": False}),
            (f"{place}/labels", {"labels": ["bot-handover"]}),
            (f"{place}/custom_attributes", {"custom_attributes": {"parley": "handed_over"}}),
            (f"{place}/toggle_status", {"status": "open"}),
        ]
        assert {asked.headers["api_access_token"] for asked in end.asked} == {far_ends.CHATWOOT_TOKEN}

    @pytest.mark.parametrize(("status", "shown"), [("open", "pending"), ("ended", "resolved")])
    def test_it_is_shown_who_has_it(self, status: str, shown: str) -> None:
        with far_end() as end:
            send(setting("chatwoot", end.url), Outgoing("s", "12", "status", status=status))
        assert end.asked[-1].body == {"status": shown}

    def test_what_may_have_arrived_is_looked_for_first(self) -> None:
        def answer(asked: Asked) -> Answer:
            there = {"id": 1, "content": "hi", "message_type": 1, "created_at": int(NOW) + 3}
            old = {"id": 2, "content": "again", "message_type": 1, "created_at": int(NOW) - 900}
            return 200, {"meta": {}, "payload": [there, old]} if asked.method == "GET" else {"id": 9}

        with far_end(answer) as end:
            one = setting("chatwoot", end.url)
            send(one, Outgoing("m", "12", text="hi", created_at=NOW, is_again=True))
            assert end.bodies() == []
            send(one, Outgoing("n", "12", text="again", created_at=NOW, is_again=True))
        assert [body["content"] for body in end.bodies()] == ["again"]


class TestTelegram:
    def test_a_text_is_a_message_and_nothing_else_is(self) -> None:
        found = received(setting("telegram"), far_ends.telegram())
        assert found.messages == (Incoming("1111111/1", "1111111", "hello", "Ada"),)
        others: tuple[dict[str, Any], ...] = ({"text": None}, {"from": {"id": 2, "is_bot": True}}, {"chat": {}})
        for changes in others:
            assert received(setting("telegram"), far_ends.telegram(**changes)).messages == ()

    def test_a_long_answer_goes_in_pieces_with_the_keyboard_below_the_last(self) -> None:
        with far_end() as end:
            send(setting("telegram", end.url), Outgoing("m", "-5", text="x" * 5_000, suggestions=("A",)))
        first, last = end.asked
        assert first.path == f"/bot{far_ends.TELEGRAM_TOKEN}/sendMessage"
        assert (first.body["chat_id"], len(first.body["text"]), "reply_markup" in first.body) == (-5, 4096, False)
        assert last.body["reply_markup"]["keyboard"] == [[{"text": "A"}]]

    def test_what_telegram_refuses_is_no_delivery_and_its_pause_is_kept(self) -> None:
        refusal = {"ok": False, "error_code": 429, "parameters": {"retry_after": 5}}
        with far_end(always(429, refusal)) as end, pytest.raises(Undelivered) as busy:
            send(setting("telegram", end.url), Outgoing("m", "5", text="x"))
        assert busy.value.may_retry
        with far_end(always(403, {"ok": False})) as end, pytest.raises(Undelivered) as blocked:
            send(setting("telegram", end.url), Outgoing("m", "5", text="x"))
        assert not blocked.value.may_retry


class TestSlack:
    def test_direct_messages_are_one_conversation_and_mentions_one_a_thread(self) -> None:
        direct = received(setting("slack"), far_ends.slack(NOW)).messages
        assert direct == (Incoming("D024BE91L/1355517523.000005", "D024BE91L", "hello", "U2147483697"),)
        mention = {"type": "app_mention", "channel_type": "channel", "text": "<@U061F7AUR> a &lt;b&gt; &amp; c"}
        (mentioned,) = received(setting("slack"), far_ends.slack(NOW, **mention)).messages
        assert (mentioned.thread, mentioned.text) == ("D024BE91L/1355517523.000005", "a <b> & c")
        (reply,) = received(setting("slack"), far_ends.slack(NOW, thread_ts="1.5", **mention)).messages
        assert reply.thread == "D024BE91L/1.5"

    @pytest.mark.parametrize(
        "changes", [{"bot_id": "B1"}, {"subtype": "message_changed"}, {"channel_type": "channel"}, {"text": None}]
    )
    def test_bots_edits_and_talk_of_others_are_left_alone(self, changes: dict[str, Any]) -> None:
        assert received(setting("slack"), far_ends.slack(NOW, **changes)).messages == ()

    def test_its_challenge_is_answered(self) -> None:
        raw = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()
        answered = received(setting("slack"), far_ends.signed_slack(raw, NOW))
        assert (answered.body, answered.content_type) == ("3eZbrw1aB", "text/plain")

    def test_an_answer_goes_to_its_thread_and_http_200_is_not_yet_a_delivery(self) -> None:
        with far_end() as end:
            send(setting("slack", end.url), Outgoing("m", "C1/1.5", text="a <b>", role="colleague", author="Ada"))
        (asked,) = end.asked
        assert asked.path == "/chat.postMessage"
        assert asked.body == {"channel": "C1", "thread_ts": "1.5", "text": "Ada: a &lt;b&gt;"}
        assert asked.headers["authorization"] == f"Bearer {far_ends.SLACK_TOKEN}"
        for code, may_retry in (("channel_not_found", False), ("ratelimited", True)):
            refusal = {"ok": False, "error": code}
            with far_end(always(200, refusal)) as end, pytest.raises(Undelivered) as refused:
                send(setting("slack", end.url), Outgoing("m", "C1", text="x"))
            assert refused.value.may_retry is may_retry


class TestEveryKind:
    @pytest.mark.parametrize("kind", ["webhook", "chatwoot", "telegram", "slack"])
    def test_nobody_else_is_believed(self, kind: str) -> None:
        def sent(now: float) -> tuple[bytes, dict[str, str]]:
            made: dict[str, Any] = {
                "webhook": lambda: far_ends.webhook({"id": "1", "thread": "t", "text": "hello"}, now),
                "chatwoot": lambda: far_ends.chatwoot(now),
                "telegram": far_ends.telegram,
                "slack": lambda: far_ends.slack(now),
            }
            made_now: tuple[bytes, dict[str, str]] = made[kind]()
            return made_now

        raw, headers = sent(NOW)
        assert received(setting(kind), (raw, headers)).messages
        forged = {name: value[:-2] + "00" if "t" in name else value for name, value in headers.items()}
        doubtful = [(raw, {}), (raw, forged)]
        if kind != "telegram":  # which signs no body and no time, but sends a secret
            doubtful += [(raw.replace(b"hello", b"hullo"), headers), sent(NOW - 3_600), sent(NOW + 3_600)]
        for wrong in doubtful:
            with pytest.raises(Refused) as refused:
                received(setting(kind), wrong)
            assert refused.value.status == 401

    @pytest.mark.parametrize("kind", CALLED)
    def test_a_private_address_is_not_called(self, kind: str) -> None:
        with pytest.raises(OutboundRefused):
            KINDS[type(setting(kind))].send(
                setting(kind, "http://127.0.0.1:9"), told("http://127.0.0.1:9"), Post(OutboundClient(), NOW)
            )

    @pytest.mark.parametrize("kind", CALLED)
    def test_a_far_end_that_is_broken_is_tried_again_and_one_that_refuses_is_not(self, kind: str) -> None:
        for status, may_retry in ((500, True), (429, True), (401, False)):
            with far_end(always(status, {})) as end, pytest.raises(Undelivered) as failed:
                send(setting(kind, end.url), told(end.url))
            assert failed.value.may_retry is may_retry
