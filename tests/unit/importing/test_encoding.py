from __future__ import annotations

import pytest

from shared.errors import InvalidInput
from shared.importing.encoding import decoded
from tests.unit.importing.files import imported

GERMAN = "text;label\nhello there;hi\nwhere is my order;order\nTschüs, bis später;bye\n"
PRICES = "text;intent\nIch möchte zurücktreten für 5 €;storno\n“so” – nicht;x\n"
FRENCH = "message,étiquette\noù est ma commande ?,suivi\nc’est déjà payé,paiement\n"
PORTUGUESE = "texto,rotulo\nnão recebi a encomenda,reclamação\natenção por favor,atenção\n"
CHINESE = "文本,意图\n我的订单在哪里,查询订单\n我要退款,退款\n"
SHORT = "文本,意图\n你好,问候\n"
MIXED = "text,intent\nwhere is 订单 A-1,order\nhello,greet\nthanks,thanks\n"
TRADITIONAL = "text,intent\n請問你們幾點開門呢,營業時間\n謝謝您的幫忙,感謝\n"
RUSSIAN = "текст,метка\nГде мой заказ?,заказ\nХочу вернуть товар,возврат\n"
POLISH = "text,label\nGdzie jest moje zamówienie? Proszę o źdźbło,zamówienie\nchcę zwrócić,zwrot\n"


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ("text,intent\nplain,x\n", "ascii", "utf-8"),
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8"),
        (CHINESE, "utf-16", "utf-16"),
        (MIXED, "utf-16-le", "utf-16-le"),
        (MIXED, "utf-16-be", "utf-16-be"),
        (CHINESE, "utf-32", "utf-32"),
        *((text, "windows-1252", "windows-1252") for text in (GERMAN, PRICES, FRENCH, PORTUGUESE)),
        *((text, "gb18030", "gb18030") for text in (CHINESE, SHORT, MIXED, TRADITIONAL)),
        (TRADITIONAL, "big5", "big5"),
        (RUSSIAN, "windows-1251", "windows-1251"),
        (POLISH, "windows-1250", "windows-1250"),
    ],
)
def test_an_encoding_that_nobody_tells_is_found(text: str, encoding: str, name: str) -> None:
    assert decoded(text.encode(encoding)) == (text, name)


def test_one_letter_with_an_accent_amid_a_long_file_is_enough() -> None:
    text = "text,intent\n" + "where is my order,order\n" * 5000 + "Tschüs,bye\n"
    assert decoded(text.encode("windows-1252")) == (text, "windows-1252")
    text = text.replace("Tschüs", "再见")
    assert decoded(text.encode("gbk")) == (text, "gb18030")


def test_a_large_file_of_lines_is_not_cut_amid_a_character() -> None:
    line = '{"text": "订单在哪里", "label": "查询"}\n'
    for encoding in ("utf-8", "gb18030", "utf-16"):
        result = imported((line * 20_000).encode(encoding), "a.jsonl")
        assert (len(result.rows), result.understanding.format) == (20_000, "jsonl")


def test_the_unicode_text_of_excel_is_a_table() -> None:
    result = imported("Text\tLabel\r\nwo, bitte?\tfrage\r\n".encode("utf-16"), "Tabelle.txt")
    assert list(result.rows) == [{"text": "wo, bitte?", "intent": "frage"}]


def test_what_a_person_says_is_taken() -> None:
    assert decoded("Ğ,ş\n".encode("windows-1254"), "cp1254") == ("Ğ,ş\n", "windows-1254")
    assert decoded("注文\n".encode("shift_jis"), "Shift_JIS")[0] == "注文\n"
    assert decoded("文本".encode("gbk"), "GBK") == ("文本", "gb18030")
    data = '{"text": "注文", "label": "x"}'.encode("shift_jis")
    assert imported(data, "a.jsonl", encoding="shift_jis").rows[0]["text"] == "注文"


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        (b"abc\n\xff\xfe\xfd", "utf-8", "not utf-8: line 2"),
        (b"abc", "klingon", "no encoding"),
        (b"abc", "zip", "no encoding of texts"),
        (b"abc", "rot13", "no encoding of texts"),
        (b"abc", "idna\0", "no encoding"),
        (b"\x00\x01\x02\x00\x03\x04", None, "cannot be told"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, encoding: str | None, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        decoded(data, encoding)
