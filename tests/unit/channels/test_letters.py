"""Mail: threads, what is new in it, and what is never answered."""

from __future__ import annotations

import email
import email.policy
import time
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

import pytest

from services.channels.kinds.kind import Incoming, Outgoing
from services.channels.mail.answer import mail_of
from services.channels.mail.letter import LeftAlone, read
from services.channels.mail.markup import words
from services.channels.mail.quotes import written
from tests.unit.channels.calling import NOW, channel
from tests.unit.channels.letters import OWN, mail

BOX = channel(
    "email",
    address=OWN,
    name="Shop, Help",
    username="help",
    password="secret",
    imap={"host": "mail.example", "port": 993},
    smtp={"host": "mail.example", "port": 465},
)


def said(content: bytes) -> Incoming:
    return read(content, OWN)


def answered(to: Incoming, name: str = "turn_1.assistant", role: str = "bot") -> EmailMessage:
    outgoing = Outgoing(name, to.thread, text="It is under way.", role=role, reply=to.reply)
    sent = email.message_from_bytes(mail_of(BOX, outgoing, NOW).as_bytes(), policy=email.policy.default)
    assert isinstance(sent, EmailMessage)
    return sent


class TestThreads:
    def test_a_first_mail_says_its_subject_too(self) -> None:
        found = said(mail())
        assert (found.id, found.text) == ("<m1@example.org>", "Order 1001\n\nWhere is my order?")
        assert found.author == "Ada Lovelace"
        assert said(mail("\n")).text == "Order 1001"

    def test_an_answer_stands_in_the_thread(self) -> None:
        sent = answered(said(mail()))
        assert (sent["To"], sent["Subject"]) == ("ada@example.org", "Re: Order 1001")
        assert (sent["In-Reply-To"], sent["References"]) == ("<m1@example.org>", "<m1@example.org>")
        assert sent["From"] == '"Shop, Help" <help@shop.example>'
        assert sent["Auto-Submitted"] == "auto-replied"
        assert sent.get_content().strip() == "It is under way."

    def test_a_second_try_is_the_same_mail_and_a_person_is_no_machine(self) -> None:
        first = said(mail())
        assert answered(first)["Message-ID"] == answered(first)["Message-ID"] != answered(first, "turn_2")["Message-ID"]
        assert answered(first, role="colleague")["Auto-Submitted"] is None

    @pytest.mark.parametrize("is_bare", [True, False], ids=["without references", "with references"])
    def test_what_a_customer_answers_is_the_same_conversation(self, is_bare: bool) -> None:
        first = said(mail())
        ours = str(answered(first)["Message-ID"])
        references = None if is_bare else f"<m1@example.org> {ours}"
        again = said(mail("Thanks", Message_ID="<m2@example.org>", In_Reply_To=ours, References=references))
        assert (again.thread, again.text) == (first.thread, "Thanks")
        own = said(mail("One more thing", Message_ID="<m3@example.org>", In_Reply_To="<m1@example.org>"))
        assert own.thread == first.thread
        assert str(answered(again)["References"]).split()[-1] == "<m2@example.org>"

    def test_another_sender_is_another_conversation_whatever_is_quoted(self) -> None:
        first = said(mail())
        ours = str(answered(first)["Message-ID"])
        assert said(mail(From="eve@example.org", In_Reply_To=ours)).thread != first.thread
        assert said(mail(Message_ID="<other@example.org>")).thread != first.thread

    def test_a_form_writes_the_customer_into_reply_to(self) -> None:
        found = said(mail(From="no-reply@shop.example", Reply_To="Bob <bob@example.org>"))
        assert (found.reply["to"], found.author) == ("bob@example.org", "Bob")

    def test_a_subject_cannot_add_headers(self) -> None:
        folded = mail().replace(b"Subject: Order 1001", b"Subject: =?utf-8?q?x=0D=0ABcc=3A_eve=40example=2Eorg?=")
        sent = answered(said(folded))
        assert sent["Bcc"] is None
        assert sent["To"] == "ada@example.org"

    def test_a_mail_without_an_id_is_known_by_its_content(self) -> None:
        one, other = mail(Message_ID=None), mail("Other words", Message_ID=None)
        assert said(one).id == said(one).id != said(other).id
        assert answered(said(one))["In-Reply-To"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner-email=x"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.org>"},
        {"List_Unsubscribe": "<mailto:off@example.org>"},
        {"X_Auto_Response_Suppress": "OOF, AutoReply"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@example.org"},
        {"From": "no-reply@example.org"},
        {"From": "noreply+12@example.org"},
        {"From": "do_not_reply@example.org"},
        {"From": "list-bounces@example.org"},
        {"From": "owner-list@example.org"},
        {"From": "Help@Shop.example"},
        {"From": None},
        {"Subject": "Automatic reply: Order 1001"},
        {"Subject": "自动回复：订单"},
        {"Subject": "Undeliverable: Order 1001"},
    ],
    ids=str,
)
def test_machines_are_never_answered(headers: dict[str, Any]) -> None:
    with pytest.raises(LeftAlone):
        said(mail(**headers))


def test_a_bounce_is_known_by_its_form() -> None:
    report = mail().replace(b'Content-Type: text/plain; charset="utf-8"', b"Content-Type: multipart/report; boundary=x")
    with pytest.raises(LeftAlone, match="bounce"):
        said(report)


def test_our_own_answers_are_not_answered_by_another_of_us() -> None:
    sent = answered(said(mail()))
    with pytest.raises(LeftAlone, match="auto-submitted"):
        read(sent.as_bytes(), "desk@other.example")


@pytest.mark.parametrize(
    "headers", [{"Auto_Submitted": "no"}, {"Subject": "Undelivered parcel"}, {"From": "replyto@example.org"}], ids=str
)
def test_people_are_answered_although_they_look_a_little_like_it(headers: dict[str, str]) -> None:
    assert said(mail(**headers)).text


QUOTED = [
    ("Yes please.\n\nOn Sat, 28 Nov 2026 at 10:00, Shop Help <help@shop.example> wrote:\n> Which?\n> A or B", "Yes please."),
    ("Yes\n\nOn Sat, 28 Nov 2026 at 10:00, Shop Help\n<help@shop.example> wrote:\n\n> Which?", "Yes"),
    ("Ja.\n\nAm 28.11.2026 um 10:00 schrieb Shop Help:\n> Welche?", "Ja."),
    ("好的\n\n在 2026年11月28日，10:00，Shop Help <help@shop.example> 写道：\n\n> 哪一个？", "好的"),
    ("好的\n\n------------------ 原始邮件 ------------------\n发件人: \"Shop\"\n哪一个？", "好的"),
    ("Yes\n\n-----Original Message-----\nFrom: Shop\nWhich?", "Yes"),
    ("Yes\n\n________________________________\nFrom: Shop Help <help@shop.example>\nSent: Saturday\nTo: Ada\n\nWhich?", "Yes"),
    ("是\n\n发件人: 客服\n发送时间: 2026年11月28日\n主题: 订单\n\n哪一个？", "是"),
    ("> Which colour?\nBlue\n> Which size?\nLarge", "Blue\nLarge"),
    ("Please cancel.\n-- \nAda Lovelace\nAnalytical Engines", "Please cancel."),
    ("Please cancel.\n\nSent from my iPhone", "Please cancel."),
    ("请取消\n\n发自我的iPhone", "请取消"),
    ("On Monday your colleague wrote:\nall will be well. It is not.", "On Monday your colleague wrote:\nall will be well. It is not."),
    ("From: Berlin\nI want to travel to Hamburg.", "From: Berlin\nI want to travel to Hamburg."),
    ("a\r\n\r\nb", "a\n\nb"),
    ("> only a quote", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "new"), QUOTED, ids=range(len(QUOTED)))
def test_only_what_is_new_is_read(text: str, new: str) -> None:
    assert written(text) == new


MARKUP = [
    ("<p>Hello&nbsp;there</p><p>a &lt;b&gt;</p>", "Hello there\na <b>"),
    ("<style>p{}</style><div>Yes</div><div class='gmail_quote'>On … <blockquote>old</blockquote></div>", "Yes"),
    ("<div>Yes<br>and no</div><div id='appendonsend'></div><hr><div>old</div>", "Yes\nand no"),
    ("<blockquote><blockquote>old</blockquote>older</blockquote>new", "new"),
    ("<div>Yes<img src='https://track.example/x'></div><script>bad()</script>", "Yes"),
]


@pytest.mark.parametrize(("html", "text"), MARKUP, ids=range(len(MARKUP)))
def test_html_is_read_without_its_quotes(html: str, text: str) -> None:
    assert words(html) == text


def test_a_mail_of_html_alone_and_one_in_a_chinese_charset_are_read() -> None:
    assert said(mail("<p>Where is it?</p>", "html", References="<a@b>")).text == "Where is it?"
    chinese = mail("x", References="<a@b>").replace(b'charset="utf-8"', b"charset=gb2312")
    assert said(chinese.replace(b"\n\nx\n", "\n\n镕基的订单\n".encode("gb18030"))).text == "镕基的订单"


def test_attachments_are_not_read_and_a_mail_that_is_cut_is() -> None:
    message = email.message_from_bytes(mail(References="<a@b>"), policy=email.policy.default)
    message.add_attachment(b"x" * 200_000, maintype="image", subtype="png", filename="a.png")
    assert said(message.as_bytes()[:5_000]).text == "Where is my order?"


HOSTILE: list[tuple[str, bytes]] = [
    ("no header", b"\r\n\r\nwords"),
    ("odd charset", mail("words").replace(b'charset="utf-8"', b"charset=klingon")),
    ("odd header", mail().replace(b"Ada Lovelace <Ada@example.org>", b"=?x?Q?y?= <<<,;:>")),
    ("nothing", b""),
    ("binary", bytes(range(256)) * 20),
]


@pytest.mark.parametrize("content", [content for _, content in HOSTILE], ids=[name for name, _ in HOSTILE])
def test_whatever_comes_is_read_or_left_alone(content: bytes) -> None:
    try:
        assert said(content).text
    except LeftAlone:
        return


@pytest.mark.parametrize(
    "text",
    ["On 1 a wrote:\n" * 30_000, "> a\nOn 1:\n" * 30_000, "<div>" * 80_000, "<blockquote>" * 40_000, "a" * 500_000],
    ids=["attributions", "quotes", "markup", "nested", "long"],
)
def test_no_mail_keeps_a_reader_busy(text: str) -> None:
    content: dict[str, Any] = {"subtype": "html"} if text.startswith("<") else {}
    begun = time.process_time()
    with suppress(LeftAlone):
        said(mail(text, **content))
    assert time.process_time() - begun < 3
