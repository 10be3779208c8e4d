"""Somebody who looks at a page: who they are, what they may ask, and in which language they are spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from services.console.api import Api
from services.console.session import Session
from services.console.words import CHINESE

Language = Literal["en", "zh"]
LANGUAGE_COOKIE = "parley_language"
DARK_COOKIE = "parley_dark"


@dataclass(frozen=True, slots=True)
class Visit:
    """One person at one page.

    Attributes:
        session: Who has signed in.
        api: The platform with their key.
        language: Of the page.
        dark: Whether the page is dark; ``None``: as the browser is.
    """

    session: Session
    api: Api
    language: Language
    dark: bool | None = None

    def say(self, words: str) -> str:
        """English words of the console in the language of the page."""
        return say(words, self.language)

    def time(self, seconds: float | None) -> str:
        """A moment as people write it, in UTC; a dash if there was none."""
        return "–" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def say(words: str, language: Language) -> str:
    """English words of the console in another language; words without a translation stay."""
    return CHINESE.get(words, words) if language == "zh" else words


def language_of(cookies: Mapping[str, str], accepted: str) -> Language:
    """The language that was chosen, else the first of the browser's that there is."""
    chosen = cookies.get(LANGUAGE_COOKIE)
    if chosen in ("en", "zh"):
        return "zh" if chosen == "zh" else "en"
    for item in accepted.lower().split(","):
        name = item.split(";")[0].strip()
        if name.startswith("zh"):
            return "zh"
        if name.startswith("en"):
            return "en"
    return "en"


def dark_of(cookies: Mapping[str, str]) -> bool | None:
    """Whether dark pages were chosen."""
    return {"on": True, "off": False}.get(cookies.get(DARK_COOKIE, ""))
