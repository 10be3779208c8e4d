"""The text and the codes of a picture that a stranger has made."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from services.generation.media.unreadable import Unreadable

#: Pixels that a picture may have, and those of the longer side that are looked at.
MAX_PIXELS = 40_000_000
_LOOKED_AT = 2_000
#: Text and codes that are read of one.
MAX_LINES, MAX_CODES, MAX_LINE = 200, 20, 500
#: How sure the reader must be of a piece of text (0..1).
_LEAST = 0.5
#: By the first bytes of the file, whatever its name or the caller says.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


def read_picture(data: bytes) -> dict[str, Any]:
    """``width``, ``height``, ``lines`` and ``codes`` of a picture.

    Only the first frame is looked at, turned as its file says; nothing else of what a camera notes (place, time, device) is read.

    Raises:
        Unreadable: It is no picture, broken, or too large; or the extra ``vision`` is missing.
    """
    picture = _decoded(data)
    width, height = picture.size
    picture.thumbnail((_LOOKED_AT, _LOOKED_AT))
    return {"width": width, "height": height, "lines": _lines(picture), "codes": _codes(picture)}


def _decoded(data: bytes) -> Any:
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise _missing() from None
    Image.MAX_IMAGE_PIXELS = None  # counted here, before anything is unpacked
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                raise Unreadable(
                    f"The picture has {width} x {height} pixels; at most {MAX_PIXELS // 1_000_000} million are read."
                )
            opened.draft("RGB", (_LOOKED_AT, _LOOKED_AT))
            turned = ImageOps.exif_transpose(opened)
            return turned.convert("RGB")
    except UnidentifiedImageError:
        raise Unreadable("The file is no picture that can be read: send JPEG, PNG, WebP, GIF, BMP or TIFF.") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        raise Unreadable(f"The picture is broken ({type(error).__name__}); take it again.") from None


def _lines(picture: Any) -> list[str]:
    import numpy as np

    try:
        from rapidocr import RapidOCR
    except ImportError:
        raise _missing() from None
    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    found: Any = engine(np.asarray(picture)[:, :, ::-1])
    if found.txts is None:
        return []
    boxes = [
        (np.asarray(box), text)
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        if score >= _LEAST
    ]
    spans = [(float(box[:, 1].min()), float(box[:, 1].max()), float(box[:, 0].min()), text) for box, text in boxes]
    return list(rows(spans))[:MAX_LINES]


def rows(spans: Sequence[tuple[float, float, float, str]]) -> Iterator[str]:
    """Pieces of text (top, bottom, left, words) as lines: what stands beside each other is one, from left to right."""
    waiting = sorted(spans, key=lambda span: (span[0] + span[1]) / 2)
    while waiting:
        top, bottom = waiting[0][0], waiting[0][1]
        row = [span for span in waiting if top <= (span[0] + span[1]) / 2 <= bottom]
        waiting = [span for span in waiting if span not in row]
        yield "  ".join(span[3] for span in sorted(row, key=lambda span: span[2]))[:MAX_LINE]


def _codes(picture: Any) -> list[dict[str, str]]:
    import numpy as np

    try:
        import zxingcpp
    except ImportError:
        raise _missing() from None
    found = zxingcpp.read_barcodes(np.asarray(picture))
    codes = [{"kind": str(one.format).rpartition(".")[2], "text": one.text[:MAX_LINE]} for one in found if one.text]
    return codes[:MAX_CODES]


def _missing() -> Unreadable:
    return Unreadable(
        "Pictures are not read here: generation needs the extra 'vision' (pip install 'parley[vision]').",
        "vision_not_installed",
    )
