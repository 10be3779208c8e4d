"""Which language a text is in, told by its script: enough to choose between the languages that are supported."""

from __future__ import annotations

import re

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_KANA = re.compile("[\u3041-\u30ff]")

#: A Chinese character says about as much as this many letters: "我要退iPhone" is Chinese.
_LETTERS_PER_HAN = 3


def language_of(text: str) -> str:
    """``zh`` for mostly Han script, ``en`` for mostly Latin, ``und`` for any other (Japanese included) or none."""
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    letters = sum(char.isalpha() for char in text) + (_LETTERS_PER_HAN - 1) * han
    if _KANA.search(text):
        return "und"
    if 2 * _LETTERS_PER_HAN * han > letters:
        return "zh"
    return "en" if 2 * latin > letters else "und"
