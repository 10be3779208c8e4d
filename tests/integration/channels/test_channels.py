"""Channels end to end: a far end that posts and is posted to, the gateway's door, the service, and turns that are stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.channels.app import running
from services.channels.settings import ChannelsSettings
from shared.storage.chat import channels
from tests.imap_server import imap_server
from tests.integration.channels.mailboxes import PASSWORD, USER, deliver, smtp_server
from tests.unit.channels import enterprise_ends, far_ends
from tests.unit.channels.far_ends import Answer, Asked, FarEnd, always, far_end
from tests.unit.channels.letters import OWN, mail
from tests.unit.gateway.platform import Platform, running_platform
from tests.waiting import wait_for


@dataclass
class Line:
    """A channel from both ends."""

    http: httpx.Client
    name: str
    end: FarEnd

    def post(self, sent: tuple[bytes, dict[str, str]]) -> httpx.Response:
        raw, headers = sent
        with httpx.Client(base_url=self.http.base_url, timeout=20) as nobody:
            return nobody.post(
                f"/v1/channels/{self.name}/events", content=raw, headers={"content-type": "application/json", **headers}
            )

    def texts(self, key: str, ending: str = "") -> list[str]:
        return [body[key] for body in self.end.bodies(ending) if body.get(key)]

    def conversation(self) -> str:
        """The newest."""
        return str(self.http.get("/v1/conversations", params={"limit": 1}).json()["data"][0]["id"])

    def messages(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.http.get(f"/v1/channels/{self.name}/messages").json()["data"]
        return listed


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("channels")
    with running_platform(home) as started:
        settings = ChannelsSettings(
            home=home,
            broker_url=started.settings.broker_url,
            outbound_networks=started.settings.outbound_networks,
            channel_fetch_seconds=1,
        )
        with running(settings):
            yield started


@contextmanager
def line(platform: Platform, name: str, setting: dict[str, Any], **answer: Any) -> Iterator[Line]:
    with ExitStack() as stack:
        http = stack.enter_context(platform.http())
        end = stack.enter_context(far_end(**answer))
        http.put(f"/v1/channels/{name}", json={"url": end.url} | setting).raise_for_status()
        yield Line(http, name, end)


def arrived(texts: Callable[[], list[str]], count: int) -> list[str]:
    wait_for(lambda: len(texts()) >= count, 15, lambda: f"only {texts()}")
    return texts()


WEBHOOK = {"type": "webhook", "secret": far_ends.WEBHOOK_SECRET}
CHATWOOT = {
    "type": "chatwoot",
    "account_id": 3,
    "token": far_ends.CHATWOOT_TOKEN,
    "secret": far_ends.CHATWOOT_SECRET,
}


def test_customers_are_answered_in_order_each_in_a_conversation_of_their_own(platform: Platform) -> None:
    with line(platform, "shop", WEBHOOK) as shop:
        for number in range(4):
            for who in ("ada", "bob"):
                body = {"id": f"{who}-{number}", "thread": who, "text": f"message {number}", "author": who}
                assert shop.post(far_ends.webhook(body, time.time())).status_code == 200
        arrived(lambda: shop.texts("text"), 8)
        told = [body for body in shop.end.bodies() if body["event"] == "message"]
        for who in ("ada", "bob"):
            said = [body["text"] for body in told if body["thread"] == who]
            assert said == [f"You said: message {n} ({n} before, {n} counted)" for n in range(4)]
        metadata = shop.http.get(f"/v1/conversations/{shop.conversation()}").json()["metadata"]
        assert (metadata["channel"], metadata["channel_id"]) == ("webhook", "shop")
        wait_for(lambda: all(one["status"] == "done" for one in shop.messages()), 10)


def test_what_comes_twice_is_answered_once(platform: Platform) -> None:
    with line(platform, "twice", WEBHOOK) as shop:
        sent = far_ends.webhook({"id": "m1", "thread": "ada", "text": "hello"}, time.time())
        assert [shop.post(sent).status_code for _ in range(3)] == [200] * 3
        arrived(lambda: shop.texts("text"), 1)
        shop.post(far_ends.webhook({"id": "m2", "thread": "ada", "text": "more"}, time.time()))
        assert arrived(lambda: shop.texts("text"), 2)[-1] == "You said: more (1 before, 1 counted)"


def test_strangers_and_garbage_are_told_so(platform: Platform) -> None:
    with line(platform, "strict", WEBHOOK) as shop:
        raw, headers = far_ends.webhook({"id": "1", "thread": "t", "text": "x"}, time.time())
        assert shop.post((raw + b" ", headers)).status_code == 401
        assert shop.post((raw, {})).status_code == 401
        assert shop.post(far_ends.webhook({"id": "1"}, time.time())).status_code == 400
        shop.name = "unknown"
        assert shop.post((raw, headers)).status_code == 404


def test_a_person_takes_over_in_chatwoot_and_gives_back(platform: Platform) -> None:
    with line(platform, "inbox", CHATWOOT) as inbox:
        inbox.post(far_ends.chatwoot(time.time(), id=1, content="hello"))
        assert arrived(lambda: inbox.texts("content"), 1) == ["You said: hello (0 before, 0 counted)"]
        inbox.post(far_ends.chatwoot(time.time(), id=2, content="person"))
        assert arrived(lambda: inbox.texts("content"), 2)[1] == "A colleague takes over."
        assert arrived(lambda: inbox.texts("status", "toggle_status"), 1) == ["open"]
        mine = f"/v1/conversations/{inbox.conversation()}"
        assert inbox.http.get(mine).json()["status"] == "handed_over"
        opened = inbox.post(far_ends.chatwoot(time.time(), id=3, content="to Ada", conversation={"status": "open"}))
        assert opened.status_code == 200
        inbox.post(far_ends.chatwoot(time.time(), id=4, content="bot again"))
        assert arrived(lambda: inbox.texts("content"), 3)[2].startswith("You said: bot again (2 before")
        assert inbox.http.get(mine).json()["status"] == "open"


def test_a_colleague_s_words_go_where_the_customer_is(platform: Platform) -> None:
    with line(platform, "words", WEBHOOK) as shop:
        shop.post(far_ends.webhook({"id": "1", "thread": "ada", "text": "person"}, time.time()))
        arrived(lambda: shop.texts("status"), 1)
        mine = f"/v1/conversations/{shop.conversation()}"
        shop.http.post(f"{mine}/replies", json={"content": "This is Ada.", "author": "Ada"}).raise_for_status()
        assert arrived(lambda: shop.texts("text"), 2) == ["A colleague takes over.", "This is Ada."]
        assert shop.end.bodies()[-1]["author"] == "Ada"
        shop.http.post(f"{mine}/end").raise_for_status()
        assert arrived(lambda: shop.texts("status"), 2) == ["handed_over", "ended"]
        shop.post(far_ends.webhook({"id": "2", "thread": "ada", "text": "anew"}, time.time()))
        assert arrived(lambda: shop.texts("text"), 3)[2] == "You said: anew (0 before, 0 counted)"


def test_a_far_end_that_fails_for_a_while_gets_all_in_order_and_the_channel_says_so(platform: Platform) -> None:
    statuses = [500, 503]

    def answer(_: Asked) -> Answer:
        return (statuses.pop(0) if statuses else 200), {}

    with line(platform, "flaky", WEBHOOK, answer=answer) as shop:
        for number in range(2):
            shop.post(far_ends.webhook({"id": str(number), "thread": "a", "text": f"m{number}"}, time.time()))
        told = arrived(lambda: shop.texts("text"), 4)
        assert [text.split(" ")[2] for text in told] == ["m0", "m0", "m0", "m1"]
        assert len({asked.headers["webhook-id"] for asked in shop.end.asked}) == 2, "a repetition is known by its id"
        wait_for(lambda: shop.http.get("/v1/channels/flaky").json()["delivered_at"] is not None, 5)


def test_what_a_far_end_refuses_is_given_up_and_seen(platform: Platform) -> None:
    with line(platform, "closed", WEBHOOK, answer=always(410, {})) as shop:
        shop.post(far_ends.webhook({"id": "1", "thread": "a", "text": "hello"}, time.time()))
        wait_for(lambda: any(one["status"] == "failed" for one in shop.messages()), 10)
        (failed,) = [one for one in shop.messages() if one["status"] == "failed"]
        assert (failed["direction"], failed["problem"]) == ("out", "it answered with HTTP 410")
        assert shop.http.get("/v1/channels/closed").json()["problem"] == "it answered with HTTP 410"


def test_a_channel_is_kept_without_showing_its_secrets_and_deleted_with_its_messages(platform: Platform) -> None:
    with platform.http() as http:
        made = http.put("/v1/channels/new", json={"type": "webhook", "url": "https://far.example"}).json()
        assert made["signing_secret"].startswith("whsec_")
        assert made["door"] == "/v1/channels/new/events"
        bot = {"type": "telegram", "token": far_ends.TELEGRAM_TOKEN, "secret": far_ends.TELEGRAM_SECRET}
        http.put("/v1/channels/bot", json=bot).raise_for_status()
        shown = http.get("/v1/channels").text + http.get("/v1/channels/bot").text
        for secret in (made["signing_secret"], far_ends.TELEGRAM_TOKEN, far_ends.TELEGRAM_SECRET):
            assert secret not in shown
        assert http.delete("/v1/channels/new").json()["deleted"]
        assert http.get("/v1/channels/new").status_code == 404
        for wrong in ({"type": "fax"}, {"type": "telegram", "token": "x", "secret": "y"}, {"type": "webhook"}):
            assert http.put("/v1/channels/new", json=wrong).status_code == 400
    with platform.http(platform.key("train")) as trainer:
        assert trainer.get("/v1/channels").status_code == 403


def test_words_leave_the_log_and_go_with_the_conversation(platform: Platform, tmp_path: Path) -> None:
    with line(platform, "private", WEBHOOK) as shop:
        shop.post(far_ends.webhook({"id": "1", "thread": "a", "text": "my secret"}, time.time()))
        arrived(lambda: shop.texts("text"), 1)
        wait_for(lambda: all(one["status"] == "done" for one in shop.messages()), 10)
        assert "my secret" not in str(shop.messages())
        shop.http.delete(f"/v1/conversations/{shop.conversation()}").raise_for_status()
        assert shop.messages() == []


def test_mail_is_answered_in_its_thread_once_and_machines_never_are(platform: Platform) -> None:
    with imap_server(USER, PASSWORD) as imap, smtp_server() as (smtp, outbox), platform.http() as http:
        deliver(imap, "INBOX", mail("from before the channel was made", Message_ID="<m0@example.org>"))
        places = {
            "imap": {"host": "127.0.0.1", "port": imap, "security": "none"},
            "smtp": {"host": "127.0.0.1", "port": smtp, "security": "none"},
        }
        setting = {"type": "email", "address": OWN, "username": USER, "password": PASSWORD, **places}
        made = http.put("/v1/channels/post", json=setting)
        assert (made.status_code, PASSWORD in made.text) == (200, False)
        wait_for(lambda: has_looked(platform, "post"), 10, "a first look")
        answer = mail("Out of office", Message_ID="<m9@example.org>", Auto_Submitted="auto-replied")
        deliver(imap, "INBOX", mail(Subject=None), answer, mail(Subject=None))
        wait_for(lambda: bool(outbox.sent), 15, lambda: str(http.get("/v1/channels/post").json()))
        first = outbox.sent[0]
        assert first.get_payload(decode=True) == b"You said: Where is my order? (0 before, 0 counted)\r\n"
        assert first["To"] == "ada@example.org"
        again = mail("And the other?\n\n> quoted", Message_ID="<m2@example.org>", In_Reply_To=first["Message-ID"])
        deliver(imap, "INBOX", again)
        wait_for(lambda: len(outbox.sent) == 2, 15, lambda: str(http.get("/v1/channels/post").json()))
        second = outbox.sent[1]
        assert second.get_payload(decode=True) == b"You said: And the other? (1 before, 1 counted)\r\n"
        assert second["In-Reply-To"] == "<m2@example.org>"
        listed = http.get("/v1/channels/post/messages").json()["data"]
        assert [one["direction"] for one in listed].count("in") == 2
        http.put("/v1/channels/post", json=setting | {"password": "wrong"}).raise_for_status()
        wait_for(lambda: "refuses the login" in str(http.get("/v1/channels/post").json()["problem"]), 10)
        assert http.post("/v1/channels/post/events", content=b"{}").status_code == 405


def has_looked(platform: Platform, name: str) -> bool:
    with platform.database.reading() as session:
        return bool(channels.get(session, name).cursor)


def test_the_door_answers_what_wecom_and_feishu_ask_and_brings_their_answers(platform: Platform) -> None:
    def answer(asked: Asked) -> Answer:
        return 200, {"errcode": 0, "access_token": "t", "expires_in": 7200}

    with line(platform, "work", {"type": "wecom", **enterprise_ends.WECOM}, answer=answer) as work:
        sealed, door = enterprise_ends.wecom_sealed(b"echo"), "/v1/channels/work/events"
        asked = enterprise_ends.wecom_query(sealed, time.time()) | {"echostr": sealed}
        assert work.http.get(door, params=asked).text == "echo"
        assert work.http.get(door).status_code == 401
        raw, query = enterprise_ends.wecom(time.time(), enterprise_ends.wecom_sealed(enterprise_ends.wecom_text()))
        for _ in range(3):
            assert work.http.post(door, content=raw, params=query).status_code == 200
        wait_for(lambda: bool(work.end.bodies("access_token=t")), 15)
        (told,) = work.end.bodies("access_token=t")
        assert told["text"]["content"].startswith("You said: hello <you> & 你好 (0 before")
    with line(platform, "lark", {"type": "feishu", **enterprise_ends.FEISHU}) as lark:
        body = {"challenge": "c", "token": enterprise_ends.FEISHU["token"], "type": "url_verification"}
        assert lark.post(enterprise_ends.feishu(body, time.time(), signed=False)).json() == {"challenge": "c"}
        shown = lark.http.get("/v1/channels/lark").text + lark.http.get("/v1/channels/work").text
        for secret in (enterprise_ends.FEISHU["encrypt_key"], enterprise_ends.WECOM["aes_key"]):
            assert secret not in shown
