"""The words of a text as the full-text index knows them: Chinese and Japanese by pairs of characters, everything else by words."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

_CHINESE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUNS = re.compile(rf"([{_CHINESE}]+)|([^\W_{_CHINESE}]+)")


def terms(text: str) -> list[str]:
    """Every term of a text in order, with repetitions.

    A segmenter would need a dictionary of each trade; pairs of characters find as well without one (Nie et al. 2000, "On the use of words and
    n-grams for Chinese information retrieval").
    """
    found: list[str] = []
    for match in _RUNS.finditer(unicodedata.normalize("NFKC", text).casefold()):
        run = match[1]
        if run is None:
            found.append(match[2])
        elif len(run) == 1:
            found.append(run)
        else:
            found += [first + second for first, second in pairwise(run)]
    return found
