"""Answers in free words: what looks like one, and what is something else said instead."""

from __future__ import annotations

import re

from shared.dialogue.values.polarity import refuses

_QUESTION = re.compile(
    r"\A\W{0,3}(?:(?:and|so|but|well|ok|okay|hm+|um|er|sorry|hey)\b\W{0,3}){0,3}(?:"
    r"(?:what|which|why|how|who|whose|when|where)\b|(?:what|who|where|how|when)['’]s\b"
    r"|(?:can|could|would|will|may|should|shall)\s(?:you|i|we|it|that)\b|(?:do|does|did|is|are|was|were|have|has)\s(?:you|i|we|it|that|there|they|this|these|those|the)\b)"
    r"|[?？]\W{0,3}\Z|[吗呢么]\s{0,3}[?？。]?\Z|什么|为什么|怎么|哪[个里些一]|多少",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"\A\W{0,3}(?:(?:well|oh|ah|sorry|hm+|um+|uh+|er+|and|but|ok|okay)\b\W{0,3}){0,3}(?:"
    r"(?:i|we)\s(?:really\s)?(?:do\s?n['’]?t|do\snot|dont|can['’]?t|cannot|have\sno|have\s?n['’]?t|forgot|am\snot|was|already|just)\b"
    r"|i['’]m\snot\b|not\s(?:sure|yet|now|really)\b|no\s(?:idea|clue|thanks|thank|problem)\b|dunno\b|idk\b|forgot\b|don['’]?t\s(?:know|remember|care|mind|have)\b"
    r"|let\sme\b|wait\b|hold\son\b|hang\son\b|(?:just\s)?(?:a|one)\s(?:second|sec|moment|minute|min)\b|moment\b|give\sme\b|i['’]ll\s(?:look|check|find|get|have|be|ask|see)\b|(?:i|we)\s(?:will|need\sto|have\sto|must|should)\s(?:look|check|find|ask|see)\b"
    r"|you\s(?:choose|decide|pick|tell|can|should|are|know)\b|up\sto\syou\b|your\schoice\b|surprise\sme\b|whatever\b|whichever\b"
    r"|(?:yes|yeah|yep|no|nope|thanks|thank\syou|please|hello|hi|hey|bye|goodbye|cancel|stop|quit|exit|help|never\s?mind|forget\sit|start\sover|restart)\W{0,3}(?:please|thanks|then|again|there|it|this|that|everything)?\W{0,3}\Z"
    r"|(?:h+m+|u+m+|u+h+|e+r+|o+h+|lol|ha(?:ha)+)\W{0,5}\Z"
    r"|(?:请?(?:稍等|等一下|等等|等会|稍候|等我)|我(?:不|没|忘|去|找|看|查)|不知道|不清楚|不确定|随便|都行|都可以|你(?:选|定|决定|推荐)|让我|谢谢|你好|取消|算了))",
    re.IGNORECASE,
)
_HAS_LETTER = re.compile(r"[^\W\d_]")


def looks_like_an_answer(text: str) -> bool:
    """Whether a text may be a value in free words: no question, no remark about the question, not only what is not meant."""
    return not asks(text) and _REMARK.match(text) is None and not refuses(text)


def asks(text: str) -> bool:
    """Whether a text is a question."""
    return _QUESTION.search(text) is not None


def tidy(text: str) -> str | None:
    """The text with single blanks and without the stop at its end."""
    return " ".join(text.rstrip(".?").split()) or None


def city(text: str) -> str | None:
    """The name of a town, capitalised; ``None`` for what has no letter, or a digit."""
    name = tidy(text)
    if name is None or not _HAS_LETTER.search(name) or any(sign.isdigit() for sign in name):
        return None
    return name.title() if name.islower() else name
