"""Parts of a text's MinHash (Broder 1997): two texts that share some are nearly the same. Pure."""

from __future__ import annotations

import re

from datasketch import MinHash

from shared.text.normalisation import folded

#: Bands of rows: texts whose shingles are alike to three fifths share one with even chance, and nearly always two from four fifths on.
_BANDS = 12
_ROWS = 5
#: Bands that two texts must share to be one.
SHARED = 2
#: Characters from which two like texts are one that was passed on; a short one may be said by many.
_PASSED_ON = 20

_SIGN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"[^\W_]+")


def bands(text: str) -> list[str]:
    """Its bands, in an order of their own; none of a text that is too short to be passed on."""
    words = folded(text)
    if len(words) + 2 * len(_SIGN.findall(words)) < _PASSED_ON:
        return []
    shingles = _shingles(words)
    if not shingles:
        return []
    sketch = MinHash(num_perm=_BANDS * _ROWS, seed=1)
    sketch.update_batch([shingle.encode("utf-8", "replace") for shingle in shingles])
    values = sketch.hashvalues
    return [
        f"{band}:{values[band * _ROWS : (band + 1) * _ROWS].astype('<u4').tobytes().hex()}" for band in range(_BANDS)
    ]


def _shingles(words: str) -> set[str]:
    """Pairs of words; of scripts without blanks, triples of characters."""
    if 2 * len(_SIGN.findall(words)) > len(words):
        signs = "".join(_WORD.findall(words))
        return {signs[place : place + 3] for place in range(max(len(signs) - 2, 1))}
    parts = _WORD.findall(words)
    return {" ".join(parts[place : place + 2]) for place in range(max(len(parts) - 1, 1))}
