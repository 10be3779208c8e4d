from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import Any

import pytest

from services.generation.documents import child
from services.generation.documents.document import Document, Unreadable
from services.generation.documents.extraction import extract
from services.generation.documents.formats import format_of
from tests.documents import encrypted_pdf, pdf, word

PAGE = b"""<!doctype html><html><head><title>Returns</title><style>p {color: red}</style></head><body><nav>Home Shop</nav>
<h1>Sending back</h1><p>Send it back <b>within 30 days</b>.</p><script>alert(1)</script><ul><li>unused</li><li>with the bill</li></ul></body></html>"""


def read(name: str, data: bytes) -> Document:
    """In this process, whatever it is."""
    kind = format_of(name, data)
    if not isinstance(kind, str):
        return kind(data)
    told = child.told(kind, data)
    if "code" in told:
        raise Unreadable(told["message"], told["code"])
    return Document(told["text"], tuple(told["breaks"]))


def read_apart(name: str, data: bytes, alive: Callable[[], None] = lambda: None, **how: Any) -> Document:
    """As it is served: what strangers have made is read by a process of its own."""
    with TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return extract(name, file, alive, **how)


def _named(value: object) -> str | None:
    """Not by bytes: some files are made anew in each process of the tests, which must agree on their names."""
    return "" if isinstance(value, bytes) else None


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.txt", "Öffnungszeiten\r\n9 bis 17".encode("cp1252"), "Öffnungszeiten\n9 bis 17"),
        ("a.md", "# 退货\n\n七天内".encode("gb18030"), "# 退货\n\n七天内"),
        ("notes", b"plain words", "plain words"),
        ("page.html", PAGE, "Returns\nSending back\nSend it back within 30 days.\nunused\nwith the bill"),
        (
            "a.pdf",
            pdf("The warranty lasts two years.", "Second page."),
            "The warranty lasts two years.\n\nSecond page.",
        ),
        (
            "a.docx",
            word("Delivery takes a day.", table=(("city", "fee"), ("Paris", "4"))),
            "Delivery takes a day.\ncity | fee\nParis | 4",
        ),
        ("faq.csv", b"Question;Answer\nHow long?;Two days\nWhere?;Here\n", "How long?\nTwo days\n\nWhere?\nHere"),
        ("prices.csv", b"item,price\ncup,3\n", "item: cup\nprice: 3"),
        ("问答.csv", "问题,答案\n运费多少,十元\n".encode(), "运费多少\n十元"),
    ],
    ids=_named,
)
def test_the_text_of_a_file(name: str, data: bytes, text: str) -> None:
    assert read(name, data).text == text


def test_pairs_of_question_and_answer_stand_alone() -> None:
    document = read("faq.csv", b"question,answer\na,b\nc,d\n")
    assert [document.text[:5].strip(), document.text[document.breaks[0] :]] == ["a\nb", "c\nd"]


@pytest.mark.parametrize(
    ("name", "data", "code", "said"),
    [
        ("a.pdf", encrypted_pdf(), "invalid_file", "encrypted"),
        ("a.pdf", pdf("", ""), "invalid_file", "only pictures"),
        ("a.pdf", b"%PDF-1.7 and nothing else", "invalid_file", "broken"),
        ("a.docx", b"PK\x03\x04 no archive", "invalid_file", "broken"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + bytes(600), "invalid_file", "password"),
        ("a.txt", b" \n ", "invalid_file", "no text"),
        ("a.txt", bytes(range(256)) * 4, "invalid_file", "no text"),
        ("a.html", b"<html><script>x</script></html>", "invalid_file", "no text"),
        ("a.exe", b"MZ", "unsupported_file", "'.exe'"),
    ],
    ids=_named,
)
def test_what_cannot_be_read_says_why(name: str, data: bytes, code: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as refused:
        read(name, data)
    assert refused.value.code == code


def test_reading_ends_when_nobody_wants_it_any_more() -> None:
    def gone() -> None:
        raise KeyboardInterrupt

    with pytest.raises(Unreadable, match="longer than 0 s"):
        read_apart("a.pdf", pdf("text"), gone, timeout=0.0)
    with pytest.raises(KeyboardInterrupt):
        read_apart("a.pdf", pdf("text"), gone, pause=0.001)


def test_a_process_of_its_own_reads_the_same() -> None:
    assert read_apart("a.pdf", pdf("The warranty lasts two years.")).text == "The warranty lasts two years."
    with pytest.raises(Unreadable, match="encrypted"):
        read_apart("a.pdf", encrypted_pdf())


def test_a_reader_can_neither_take_all_memory_nor_write_without_end() -> None:
    hungry = f"""
import resource
from services.generation.documents import child
child.MEMORY = {256 * 1024**2}
child.limit_resources()
child.read = lambda kind, data: bytearray({1024**3})
import json, sys
sys.stdout.write(json.dumps(child.told("html", b"")))
"""
    done = subprocess.run([sys.executable, "-c", hungry], capture_output=True, check=True, timeout=60)
    assert "more memory" in json.loads(done.stdout)["message"]


def test_a_page_that_nests_without_end_is_read_or_refused() -> None:
    told = child.told("html", b"<div>" * 5_000 + b"deep")
    assert told.get("text") == "deep" or told.get("code") == "invalid_file"
