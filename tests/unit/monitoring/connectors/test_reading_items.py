from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.monitoring.connectors import feeds, json_items
from services.monitoring.connectors.dates import moment_of
from services.monitoring.connectors.items import document_of, plain
from shared.errors import InvalidInput

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("told", "utc", "assumed"),
    [
        ("2026-11-27T09:00:00+08:00", "2026-11-27 01:00", ""),
        ("Fri, 27 Nov 2026 09:00:00 GMT", "2026-11-27 09:00", ""),
        ("Fri, 27 Nov 2026 09:00:00 -0500", "2026-11-27 14:00", ""),
        ("Fri, 27 Nov 2026 09:00:00 CST", "2026-11-27 01:00", "CST"),
        ("Fri, 27 Nov 2026 09:00:00 BST", "2026-11-27 01:00", "BST"),
        ("Fri, 27 Nov 2026 09:00:00", "2026-11-27 01:00", "no zone"),
        ("2026-11-27 09:00", "2026-11-27 01:00", "no zone"),
        ("2026/11/27 09:00:30", "2026-11-27 01:00", "no zone"),
        ("2026年11月27日 09:00", "2026-11-27 01:00", "no zone"),
        ("2026年11月27日 星期五 下午3点", "2026-11-27 07:00", "no zone"),
        ("2026年11月27日", "2026-11-26 16:00", "no time of day"),
        (1_795_741_200, "2026-11-27 01:00", ""),
        ("1795741200000", "2026-11-27 01:00", "milliseconds"),
    ],
)  # fmt: skip
def test_dates_are_read_and_what_they_leave_open_is_said(told: object, utc: str, assumed: str) -> None:
    moment = moment_of(told, SHANGHAI)
    assert moment is not None
    assert datetime.fromtimestamp(moment.at, UTC).strftime("%Y-%m-%d %H:%M") == utc
    assert (assumed in moment.remark) if assumed else moment.remark == ""


@pytest.mark.parametrize(
    "told", [None, "", "yesterday", "2026年13月41日", "Fri, 99 Nov 2026", True, -5, float("nan"), [], "9" * 400]
)
def test_what_is_no_date_is_none(told: object) -> None:
    assert moment_of(told, SHANGHAI) is None


def test_mark_up_is_taken_off() -> None:
    assert plain("<b>Gold &amp; silver</b><br>rise<script>alert(1)</script>") == "Gold & silver\nrise"
    assert plain("3 < 5 and 7 > 2") == "3 < 5 and 7 > 2"
    assert plain(None) == plain(["x"]) == ""


def test_an_item_becomes_a_document_with_what_was_assumed() -> None:
    item = {
        "title": "<i>Gold</i> rises",
        "published_at": "soon",
        "lang": "en-GB",
        "id": "x" * 400,
        "url": "https://n.example/1",
    }
    document = document_of(item, "wire", SHANGHAI, NOW)
    assert document is not None
    assert (document.text, document.title, document.language, document.source) == ("Gold rises", "", "en", "wire")
    assert (document.published_at, len(document.id)) == (NOW, 32)
    assert "no date" in document.remark
    assert document_of({"title": "<p> </p>"}, "wire", SHANGHAI, NOW) is None
    ahead = document_of({"text": "long " * 20_000, "published_at": NOW + 9_000}, "wire", SHANGHAI, NOW)
    assert ahead is not None
    assert len(ahead.text) == 50_000
    assert "lies ahead" in ahead.remark
    assert "characters" in ahead.remark


RSS = """<rss version="2.0"><channel><title>财经早报</title><language>zh-cn</language><item><guid>1</guid><title>海川能源 &lt;b&gt;大涨&lt;/b&gt;</title>
<description>&lt;p&gt;盘中涨停&lt;/p&gt;</description><pubDate>Fri, 27 Nov 2026 09:00:00 CST</pubDate><link>https://n.example/1</link></item></channel></rss>"""


def test_a_feed_gives_its_items_with_dates_as_they_are_written() -> None:
    (item,) = feeds.items_of(RSS.encode(), "application/rss+xml; charset=utf-8")
    assert (item["id"], item["published_at"], item["source"]) == ("1", "Fri, 27 Nov 2026 09:00:00 CST", "财经早报")
    document = document_of(item, "wire", SHANGHAI, NOW)
    assert document is not None
    assert (document.title, document.text, document.language) == ("海川能源 大涨", "盘中涨停", "zh")


def test_of_a_broken_feed_what_can_be_read_is_taken() -> None:
    assert (
        len(list(feeds.items_of(RSS.replace("</channel></rss>", "<item><title>&nope; half").encode(), "text/xml"))) >= 1
    )


@pytest.mark.parametrize(
    "body", [b"", b"not a feed", b"/etc/passwd", b"<html><body>404</body></html>", b"\xff\xfe\x00"]
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="no feed"):
        list(feeds.items_of(body, "text/html"))


def test_json_is_read_wherever_its_list_stands() -> None:
    document = json_items.parsed(b'{"data": {"rows": [{"body": {"plain": "Gold"}, "id": 7}], "next": "/2"}}')
    (item,) = json_items.items_of(document, "data.rows", {"text": "body.plain"})
    assert (item["text"], item["id"], item["title"]) == ("Gold", 7, None)
    assert json_items.at(document, "data.next") == "/2"
    assert json_items.at(document, "data.rows.0.id") == 7
    with pytest.raises(InvalidInput, match="no list"):
        list(json_items.items_of(document, "data.nothing", {}))
    with pytest.raises(InvalidInput, match="no JSON"):
        json_items.parsed(b"{")
