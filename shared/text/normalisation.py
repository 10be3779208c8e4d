"""One form of a text for whatever reads it: a model, a rule or a comparison; and the way back to the original's characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import emoji

#: Characters that are there and not seen: soft hyphen, zero-width blanks and joiners, directions, byte order mark, variation selectors.
_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"

#: Emoticons as the words of the emoji that replaced them. Only where blanks or the ends stand around them: "10:30", "http://".
_EMOTICONS = {
    **dict.fromkeys((":)", ":-)", "=)", ":]", "(:", "^^", "^_^", ":D", ":-D", "=D", "XD", "xD"), "smiling face"),
    **dict.fromkeys((";)", ";-)", ";D"), "winking face"),
    **dict.fromkeys((":(", ":-(", "=(", ":[", "):", ":/", ":-/", ":|", ":-|", "-_-"), "disappointed face"),
    **dict.fromkeys((":'(", ":,(", ";(", "T_T", "T.T"), "crying face"),
    **dict.fromkeys((">:(", ">:-(", "D:<", "D:"), "angry face"),
    **dict.fromkeys((":*", ":-*"), "face blowing a kiss"),
    "<3": "red heart",
    "</3": "broken heart",
    **dict.fromkeys((":o", ":O", ":-o", ":-O"), "face with open mouth"),
    **dict.fromkeys((":P", ":p", ":-P", ":-p"), "face with tongue"),
}
_EMOTICON = re.compile(
    rf"(?<!\S)(?:{'|'.join(re.escape(sign) for sign in sorted(_EMOTICONS, key=len, reverse=True))})(?![^\s.,!?…])"
)
_UNSEEN = re.compile(f"[{_INVISIBLE}]")
#: A base character with the marks on it; what composes is normalised together.
_CLUSTER = re.compile(r"(?:[^\W\d_]|[\d_]|\W)[\u0300-\u036f\u3099\u309a\uff9e\uff9f]*", re.DOTALL)
#: What stands for itself, whatever stands beside it: a sign, a Chinese character or stop that no mark follows.
_ITSELF = r"[\u4e00-\u9fff\u3001\u3002!-~](?![\u0300-\u036f\u3099\u309a\uff9e\uff9f])"
_STANDS_FOR_ITSELF = re.compile(_ITSELF)
_RUN = re.compile(f"(?:{_ITSELF})+|{_CLUSTER.pattern}", re.DOTALL)
#: Where an emoji may be: looked at before the library, which takes twenty times as long. Between the signs and the emoji of Japan lie
#: the stops and letters of Chinese and Japanese, which are none.
_MAY_BE_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff]")
_SKIN_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")
_BETWEEN_WORDS = re.compile(r"_|:|-(?=\w)")

_Piece = tuple[int, int, str]
"""Span in the original, and what stands for it."""


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """A text in its one form.

    Attributes:
        text: Compatibility characters composed (NFKC), full-width forms narrowed, invisible characters gone, emoji and emoticons as
            words.
        spans: For each character of ``text``, the half-open span of the original that it stands for; ``None`` where the two are equal.
    """

    text: str
    spans: tuple[tuple[int, int], ...] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The half-open span of the original that ``text[start:end]`` stands for; an empty span stays where it is."""
        if self.spans is None:
            return start, end
        if start >= end:
            place = self.spans[start][0] if start < len(self.spans) else (self.spans[-1][1] if self.spans else 0)
            return place, place
        return self.spans[start][0], self.spans[end - 1][1]

    def normal(self, start: int, end: int) -> tuple[int, int]:
        """The half-open span of ``text`` that stands for characters ``start`` to ``end`` of the original."""
        if self.spans is None:
            return start, end
        first = next((place for place, span in enumerate(self.spans) if span[1] > start), len(self.spans))
        last = next((place for place, span in enumerate(self.spans) if span[0] >= end), len(self.spans))
        return first, max(first, last)


def normalise(text: str) -> NormalisedText:
    """Bring ``text`` into the one form that models are trained on and read.

    A text that has this form already, as most have, is returned as it is.
    """
    if _EMOTICON.search(text) is None and (text.isascii() or _is_plain(text)):
        return NormalisedText(text)
    pieces = [piece for piece in _pieces(text) if piece[2]]
    normal = "".join(piece[2] for piece in pieces)
    if normal == text:
        return NormalisedText(text)
    return NormalisedText(normal, tuple((start, end) for start, end, new in pieces for _ in new))


def folded(text: str) -> str:
    """``text`` as two texts are compared for being the same: normalised, without letter case, white space collapsed."""
    return " ".join(normalise(text).text.casefold().split())


def _is_plain(text: str) -> bool:
    """Whether nothing in the text has another form; told in a tenth of the time that finding out what costs."""
    return (
        unicodedata.is_normalized("NFKC", text) and _UNSEEN.search(text) is None and _MAY_BE_EMOJI.search(text) is None
    )


def _pieces(text: str) -> Iterator[_Piece]:
    """The text cut into spans that are normalised by themselves, each with its form."""
    done = 0
    for start, end, name in sorted((*_emoji(text), *_emoticons(text))):
        if start < done:
            continue
        yield from _plain(text, done, start)
        yield start, end, _spaced(text, start, end, name)
        done = end
    yield from _plain(text, done, len(text))


def _emoji(text: str) -> Iterator[_Piece]:
    if _MAY_BE_EMOJI.search(text) is not None:
        for found in emoji.emoji_list(text):
            name = emoji.demojize(_SKIN_TONE.sub("", found["emoji"]), delimiters=("", ""))
            yield found["match_start"], found["match_end"], _BETWEEN_WORDS.sub(" ", name).strip()


def _emoticons(text: str) -> Iterator[_Piece]:
    for found in _EMOTICON.finditer(text):
        yield found.start(), found.end(), _EMOTICONS[found[0]]


def _spaced(text: str, start: int, end: int, name: str) -> str:
    """The name, with a blank where a neighbour would run into it."""
    before = " " if start > 0 and not text[start - 1].isspace() else ""
    after = " " if end < len(text) and not text[end].isspace() else ""
    return f"{before}{name}{after}"


def _plain(text: str, start: int, end: int) -> Iterator[_Piece]:
    for found in _RUN.finditer(text, start, end):
        part, place = found[0], found.start()
        if len(part) == 1 and part.isascii():
            yield place, place + 1, part
        elif _STANDS_FOR_ITSELF.match(part):
            yield from ((place + number, place + number + 1, one) for number, one in enumerate(part))
        else:
            yield place, found.end(), unicodedata.normalize("NFKC", _UNSEEN.sub("", part))
