"""Slips of the fingers: a neighbouring key, two letters swapped, one left out; in Chinese a character that sounds or looks alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from services.training.augmentation.edits import Edit, crosses
from shared.rows.spans import Entity

#: Letters of a word that slips are made in: shorter ones often become another word.
_LONG_ENOUGH = 4
_WORD = re.compile(rf"[A-Za-z]{{{_LONG_ENOUGH},}}")

#: The letters that lie around each on the keys of most.
_AROUND = {
    "q": "wa",
    "w": "qeas",
    "e": "wrsd",
    "r": "etdf",
    "t": "ryfg",
    "y": "tugh",
    "u": "yihj",
    "i": "uojk",
    "o": "ipkl",
    "p": "ol",
    "a": "qwsz",
    "s": "awedzx",
    "d": "serfxc",
    "f": "drtgcv",
    "g": "ftyhvb",
    "h": "gyujbn",
    "j": "huikmn",
    "k": "jiolm",
    "l": "kop",
    "z": "asx",
    "x": "zsdc",
    "c": "xdfv",
    "v": "cfgb",
    "b": "vghn",
    "n": "bhjm",
    "m": "njk",
}

#: Characters that people take for each other when they write Chinese: of one sound, and of one look.
_OF_ONE_SOUND = (
    "的地得",
    "在再",
    "做作",
    "他她",
    "那哪",
    "以已",
    "帐账",
    "像象",
    "坐座",
    "份分",
    "带戴",
    "订定",
    "查察",
    "拖托",
    "启起",
)
_OF_ONE_LOOK = ("己已", "未末", "人入", "土士", "折拆", "请清", "晴睛", "候侯", "拔拨", "治冶", "遣遗", "析折")
_CONFUSED = {
    character: "".join(
        dict.fromkeys(
            other
            for group in (*_OF_ONE_SOUND, *_OF_ONE_LOOK)
            if character in group
            for other in group
            if other != character
        )
    )
    for character in "".join((*_OF_ONE_SOUND, *_OF_ONE_LOOK))
}


def slips(text: str, spans: Sequence[Entity], rng: np.random.Generator, strength: float) -> list[Edit]:
    """One slip in a share of the words (of the Chinese characters that are easily confused), at least in one; numbers stay as they are.

    Args:
        text: What is changed.
        spans: Of it; a slip in one stays within it.
        rng: Where the choices come from.
        strength: The share.
    """
    places = [(word.start(), word.end()) for word in _WORD.finditer(text)]
    places += [(place, place + 1) for place, character in enumerate(text) if character in _CONFUSED]
    if not places:
        return []
    count = max(1, round(strength * len(places)))
    chosen = rng.permutation(len(places))[:count]
    edits = [_slip(text, places[number], rng) for number in chosen.tolist()]
    return [edit for edit in edits if not crosses(edit, spans)]


def _slip(text: str, span: tuple[int, int], rng: np.random.Generator) -> Edit:
    start, end = span
    if end - start == 1:
        others = _CONFUSED[text[start]]
        return Edit(start, end, others[int(rng.integers(len(others)))])
    place = int(rng.integers(start + 1, end - 1))  # people see it when the first letter is wrong
    match int(rng.integers(3)):
        case 0:
            return Edit(place, place + 1, _neighbour(text[place], rng))
        case 1:
            return Edit(place, place + 2, text[place + 1] + text[place])
        case _:
            return Edit(place, place + 1, "")


def _neighbour(letter: str, rng: np.random.Generator) -> str:
    around = _AROUND[letter.lower()]
    key = around[int(rng.integers(len(around)))]
    return key.upper() if letter.isupper() else key
