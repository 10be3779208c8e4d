"""Reading pictures: real ones, by the process that reads them; and what strangers might send."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from services.generation.media import pictures
from services.generation.media.pictures import read_picture, rows
from services.generation.media.reading import reading
from services.generation.media.unreadable import Unreadable
from tests.unit.generation.media.pictures import RECEIPT, receipt, saved


def test_a_receipt_and_its_code_are_read_by_a_process_of_their_own() -> None:
    content = io.BytesIO(saved(receipt(code="https://shop.example.com/A-10432")))
    [told] = reading("picture", content, {}, seconds=60, limit=1_000_000)
    end = told["end"]
    text = "\n".join(end["lines"])
    assert "A-10432" in text
    assert any("Total" in line and "49.90" in line for line in end["lines"]), "what stands beside each other is a line"
    assert end["codes"] == [{"kind": "QR Code", "text": "https://shop.example.com/A-10432"}]
    assert (end["width"], end["height"]) == (800, 420)


def test_a_picture_is_turned_as_its_file_says_and_nothing_else_of_it_is_read() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SECRET CAMERA"
    turned = receipt().rotate(90, expand=True)
    told = read_picture(saved(turned, exif=exif))
    assert (told["width"], told["height"]) == (800, 420)
    assert RECEIPT[2].split()[-1] in "\n".join(told["lines"])
    assert "SECRET" not in str(told)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7 nothing", "no picture"),
        (b"", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        (saved(receipt())[:2_000], "broken"),
        (saved(receipt(), "PNG")[:300], "broken"),
    ],
)
def test_what_is_no_picture_or_broken_is_told(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_picture(content)


def test_a_small_file_that_claims_many_pixels_is_refused_before_it_is_unpacked() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )
    with pytest.raises(Unreadable, match="60000 x 60000"):
        read_picture(bomb)


def test_only_the_first_frame_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Image.new("RGB", (64, 64), color) for color in ("white", "red", "blue")]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    monkeypatch.setattr(pictures, "_lines", lambda picture: [str(picture.getpixel((1, 1)))])
    assert read_picture(content)["lines"] == ["(255, 255, 255)"]


def test_a_file_over_the_limit_or_that_takes_too_long_is_refused() -> None:
    content = saved(receipt())
    with pytest.raises(Unreadable, match="MiB") as too_large:
        list(reading("picture", io.BytesIO(content), {}, seconds=60, limit=100))
    assert too_large.value.code == "file_too_large"
    with pytest.raises(Unreadable, match=r"within 0 s"):
        list(reading("picture", io.BytesIO(content), {}, seconds=0.2, limit=1_000_000))


def test_without_the_extra_it_is_said_which_one_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rapidocr", None)
    with pytest.raises(Unreadable, match=r"parley\[vision\]") as missing:
        read_picture(saved(Image.new("RGB", (32, 32))))
    assert missing.value.code == "vision_not_installed"


def test_pieces_beside_each_other_are_one_line_from_left_to_right() -> None:
    spans = [(100.0, 120.0, 300.0, "49.90"), (98.0, 121.0, 10.0, "Total"), (10.0, 30.0, 10.0, "SHOP")]
    assert list(rows(spans)) == ["SHOP", "Total  49.90"]
