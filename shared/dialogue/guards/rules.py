"""What a rule is: a pattern with a name, over a text in its one form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from shared.text.normalisation import normalise

Rules = Mapping[str, re.Pattern[str]]
"""Patterns by the name of their rule."""

#: Between two words of a rule: what stands in one sentence, and no more than this, so that no text keeps a pattern busy.
_GAP, _NEAR = r"[^.!?\n]{0,40}", r"[^。!?\n]{0,12}"
#: Letters that stand one by one, with blanks, dots or dashes between them: "i g n o r e".
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .\-_*][^\W\d_]){3,40}(?![^\W_])")
_BETWEEN = re.compile(r"[ .\-_*]")
#: Digits and signs that stand for letters within a word.
_DISGUISE = str.maketrans("013457@$", "oieastas")
_DISGUISED = re.compile(r"[A-Za-z]{0,12}(?:[A-Za-z][013457@$]|[013457@$][A-Za-z])[A-Za-z013457@$]{0,24}")


def rules(**patterns: Sequence[str]) -> Rules:
    """Compile rules; ``{gap}`` and ``{near}`` stand for what may lie between two words of a sentence, English and Chinese."""
    return {name: _joined(parts) for name, parts in patterns.items()}


def _joined(parts: Sequence[str]) -> re.Pattern[str]:
    text = "|".join(part.replace("{gap}", _GAP).replace("{near}", _NEAR) for part in parts)
    return re.compile(text, re.IGNORECASE)


def broken(by: Rules, text: str) -> str | None:
    """The name of the first rule that a text (see ``one_form``) breaks."""
    return next((name for name, pattern in by.items() if pattern.search(text)), None)


def one_form(text: str) -> str:
    """A text as the rules read it: full-width letters narrowed, what cannot be seen taken out."""
    return normalise(text).text


def undisguised(text: str) -> str:
    """A text (in its one form) with letters that stand apart put together, and digits in words as the letters that they stand for."""
    joined = _SPACED.sub(lambda match: _BETWEEN.sub("", match[0]), text)
    return _DISGUISED.sub(lambda match: match[0].translate(_DISGUISE), joined)
