"""The text of a file whose encoding nobody has told.

Strict UTF-8 is tried first: a text of another encoding that is valid UTF-8 by chance does not occur. Chinese is told by where the two bytes of
its frequent characters lie, which also works on one short line amid English; charset-normalizer judges the rest.
"""

from __future__ import annotations

import codecs
from contextlib import suppress

from shared.errors import InvalidInput
from shared.importing.libraries import library_of

#: Byte order marks, longest first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

#: Decoders that take the mark away themselves.
_MARKED = ("utf-8-sig", "utf-16", "utf-32")

#: First and last lead byte of the frequent characters and the punctuation, and the least second byte that occurs with them.
_FREQUENT = {"gb18030": (0xA1, 0xD7, 0xA1), "big5": (0xA1, 0xC6, 0x40)}
#: Share of a file's pairs of bytes from which it is Chinese; western letters with accents stay near 0.
_CHINESE = 0.25

_OTHERS = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "shift_jis"]
#: Bytes that are judged; encodings do not change amid a file.
_JUDGED = 200_000


def decoded(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text of a file and its encoding.

    Args:
        data: The whole file.
        encoding: What a person has said that it is.

    Raises:
        InvalidInput: It is not in the encoding, or in none that is known.
    """
    name = _known(encoding) if encoding else _found(data)
    if name is None:
        raise InvalidInput(
            "The encoding of the file cannot be told: save it as UTF-8, or say which it is (encoding), for example windows-1252.",
            param="encoding",
        )
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"The file is not {_shown(name)}: line {line} does not fit.", param="encoding") from error
    return text if name in _MARKED else text.removeprefix("\ufeff"), _shown(name)


def _known(encoding: str) -> str:
    try:
        info = codecs.lookup(encoding)
    except (LookupError, ValueError) as error:
        raise InvalidInput(
            f"{encoding[:40]!r} is no encoding; use for example utf-8 or gb18030.", param="encoding"
        ) from error
    try:
        with suppress(UnicodeDecodeError):  # it does make texts, of other bytes
            b"\0\0\0\0".decode(info.name)
    except (LookupError, ValueError) as error:  # zip, hex, rot13 and others make none
        raise InvalidInput(
            f"{encoding[:40]!r} is no encoding of texts; use for example utf-8.", param="encoding"
        ) from error
    return {"gbk": "gb18030", "gb2312": "gb18030"}.get(info.name, info.name)


def _found(data: bytes) -> str | None:
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if marked:
        return marked
    if b"\0" in data[:_JUDGED]:
        return _unmarked_utf16(data)
    if _fits(data, "utf-8"):
        return "utf-8"
    return _chinese(data) or _other(data)


def _unmarked_utf16(data: bytes) -> str | None:
    """UTF-16 of a text with some ASCII has its zeros on one side only; anything else with zeros is no text."""
    head = data[: _JUDGED & ~1]
    even, odd = head[::2].count(0), head[1::2].count(0)
    name = "utf-16-le" if even == 0 else "utf-16-be" if odd == 0 else None
    return name if name and _fits(data, name) else None


def _chinese(data: bytes) -> str | None:
    shares = {name: _share(data[:_JUDGED], name) for name in _FREQUENT if _fits(data, name)}
    best = max(
        shares, key=lambda name: shares[name], default=None
    )  # of two alike the first, which is the more common one
    return best if best and shares[best] >= _CHINESE else None


def _share(data: bytes, name: str) -> float:
    """How many of the characters beyond ASCII are frequent ones, read as this encoding."""
    first, last, least = _FREQUENT[name]
    frequent = total = index = 0
    while index < len(data) - 1:
        lead, second = data[index], data[index + 1]
        if lead < 0x80:
            index += 1
            continue
        total += 1
        frequent += first <= lead <= last and second >= least
        index += 2
    return frequent / total if total else 0.0


def _other(data: bytes) -> str | None:
    with library_of("A file in another encoding than UTF-8"):
        from charset_normalizer import from_bytes

    matches = from_bytes(data[:_JUDGED], cp_isolation=_OTHERS)
    order = sorted(
        (match for match in matches if _fits(data, match.encoding)),
        key=lambda match: (match.chaos, -match.coherence, "cp1252" not in match.could_be_from_charset),
    )
    if not order:
        return "cp1252" if _fits(data, "cp1252") else None
    return "cp1252" if "cp1252" in order[0].could_be_from_charset and _fits(data, "cp1252") else order[0].encoding


def _fits(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _shown(name: str) -> str:
    return {"utf-8-sig": "utf-8"}.get(name, name).replace("cp125", "windows-125")
