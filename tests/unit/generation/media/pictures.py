"""Pictures made by the tests themselves."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

RECEIPT = ("CORNER SHOP", "Receipt of 2026-11-20", "Order number: A-10432", "Kettle    39.90 EUR", "Total    49.90 EUR")


def receipt(lines: Sequence[str] = RECEIPT, *, code: str | None = None) -> Image.Image:
    """A photo of a receipt, as a camera would hold it straight."""
    image = Image.new("RGB", (800, 420), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=34)
    for number, line in enumerate(lines):
        draw.text((30, 25 + number * 70), line, fill="black", font=font)
    if code is not None:
        import zxingcpp

        made = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.QRCode)
        image.paste(Image.fromarray(np.asarray(made.to_image(scale=5))), (560, 180))
    return image


def saved(image: Image.Image, kind: str = "JPEG", **how: object) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def data_url(content: bytes, kind: str = "image/jpeg") -> str:
    """As it stands in a message."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
