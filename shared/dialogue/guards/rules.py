"""What a rule is: a pattern with a name, over a text in its one form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.text.normalisation import normalise

#: Between two words of a rule: what stands in one sentence, and no more than this, so that no text keeps a pattern busy.
_GAP, _NEAR = r"[^.!?\n]{0,40}", r"[^。!?\n]{0,12}"
#: Letters that stand one by one, with blanks, dots or dashes between them: "i g n o r e".
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .\-_*][^\W\d_]){3,40}(?![^\W_])")
_BETWEEN = re.compile(r"[ .\-_*]")
#: Digits and signs that stand for letters within a word.
_DISGUISE = str.maketrans("013457@$", "oieastas")
_DISGUISED = re.compile(r"[A-Za-z]{0,12}(?:[A-Za-z][013457@$]|[013457@$][A-Za-z])[A-Za-z013457@$]{0,24}")


#: Chinese, and whatever of a pattern could match a text without it.
_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile(r"(?<!\\)[a-z]", re.IGNORECASE)
_PLACES = re.compile(r"\{(?:gap|near)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern in small letters, which most texts are read past in part.

    Attributes:
        whole: All of its alternatives.
        ascii: Those that a text of ASCII alone can match, if there are any.
    """

    whole: re.Pattern[str]
    ascii: re.Pattern[str] | None

    def search(self, text: str) -> re.Match[str] | None:
        """The first place in a text (see ``one_form``) where the rule is broken, in small letters."""
        pattern = self.ascii if text.isascii() else self.whole
        # To have the pattern itself ignore case would cost half as much again.
        return None if pattern is None else pattern.search(text.lower())


Rules = Mapping[str, Rule]
"""Rules by their name."""


def rules(**patterns: Sequence[str]) -> Rules:
    """Compile rules, written in small letters.

    ``{gap}`` and ``{near}`` stand for what may lie between two words of a sentence, English and Chinese.
    """
    return {name: _joined(parts) for name, parts in patterns.items()}


def is_chinese(part: str) -> bool:
    """Whether an alternative of a rule is of Chinese alone, so that no text of ASCII can match it."""
    return _HAN.search(part) is not None and _LATIN.search(_PLACES.sub("", part)) is None


def _joined(parts: Sequence[str]) -> Rule:
    others = [part for part in parts if not is_chinese(part)]
    return Rule(_compiled(parts), _compiled(others) if others else None)


def _compiled(parts: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(part.replace("{gap}", _GAP).replace("{near}", _NEAR) for part in parts))


def broken(by: Rules, text: str) -> str | None:
    """The name of the first rule that a text (see ``one_form``) breaks."""
    return next((name for name, rule in by.items() if rule.search(text)), None)


def one_form(text: str) -> str:
    """A text as the rules read it: full-width letters narrowed, what cannot be seen taken out."""
    return normalise(text).text


def undisguised(text: str) -> str:
    """A text (in its one form) with letters that stand apart put together, and digits in words as the letters that they stand for."""
    joined = _SPACED.sub(lambda match: _BETWEEN.sub("", match[0]), text)
    return _DISGUISED.sub(lambda match: match[0].translate(_DISGUISE), joined)
