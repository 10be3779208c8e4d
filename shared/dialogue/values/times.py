"""Times of day, in English and Chinese, as ``15:00``."""

from __future__ import annotations

import re
from collections.abc import Callable

from shared.dialogue.values.found import Certainty, Found, apart
from shared.dialogue.values.numerals import whole
from shared.dialogue.values.words import stands_alone

_HOURS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_HOUR = rf"(?P<hour>\d{{1,2}}|{_HOURS})"
_HALF = r"(?P<half>a\.?m\b\.?|p\.?m\b\.?)"
_PART = r"(?:,?\s{1,3}(?P<part>in\s{1,3}the\s{1,3}(?:morning|afternoon|evening)|at\s{1,3}night|tonight)\b)"
_STEPS = {"quarter": 15, "half": 30, "five": 5, "ten": 10, "twenty": 20, "twenty-five": 25, "twenty five": 25}
_STEP = rf"(?P<step>a\s{{1,3}}quarter|quarter|half|{'|'.join(sorted(_STEPS, key=len, reverse=True))}|\d{{1,2}}(?=\s{{1,3}}(?:minutes?|past)\b))"
_CHINESE_HOUR = r"(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,3})"
_CHINESE_PART = r"(?P<part>凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|晚|早)"
_CHINESE_MINUTE = r"(?P<minute>半|一刻|三刻|整|\d{1,2}(?=分?)|[一二三四五六七八九十零]{1,4}(?=分))?分?"
#: From this hour on, in words and without a half of the day, the morning is meant: "at 9", but "at 3" is 15:00.
_FIRST_MORNING_HOUR = 7


def _time(hour: int | None, minute: int | None) -> str:
    fine = hour is not None and minute is not None and 0 <= hour < 24 and 0 <= minute < 60
    return f"{hour:02}:{minute:02}" if fine else ""


def _halved(hour: int, part: str) -> int:
    """The hour of 24, from one of 12 and what stands beside it; without that, the one by day."""
    part = part.lower().replace(".", "")
    if part in ("am",) or part.endswith("morning") or part in ("凌晨", "清晨", "早上", "早晨", "上午", "早"):
        return hour % 12 if hour == 12 else hour
    if part == "中午":
        return hour + 12 if hour < 3 else hour
    if part in ("pm", "下午", "傍晚") or part.endswith(("afternoon", "evening")):
        return hour + 12 if hour < 12 else hour
    if part:
        return hour + 12 if 5 <= hour < 12 else hour % 12 if hour == 12 else hour
    return hour + 12 if 0 < hour < _FIRST_MORNING_HOUR else hour


def _written(match: re.Match[str]) -> str:
    """9:30, 15:00, 3:30 pm: on the clock of 24 hours unless a half of the day is said."""
    hour, minute, part = int(match["hour"]), int(match["minute"]), match["half"] or match["part"] or ""
    return _time(_halved(hour, part) if part and hour <= 12 else hour, minute)


def _spoken(match: re.Match[str]) -> str:
    groups = match.groupdict()
    hour = whole(match["hour"])
    part = groups.get("half") or groups.get("part") or ""
    return "" if hour is None else _time(_halved(hour, part) if hour <= 12 else hour, int(groups.get("minute") or 0))


def _past_or_to(match: re.Match[str]) -> str:
    hour = whole(match["hour"])
    word = re.sub(r"^a\s+", "", match["step"].lower())
    step = _STEPS.get(word, int(word) if word.isdigit() else 0)
    if hour is None or not 1 <= hour <= 12 or step >= 60:
        return ""
    # The hour that is heard settles the half of the day: a quarter to one is 12:45.
    minutes = _halved(hour, match["half"] or match["part"] or "") * 60 + (
        step if match["side"].lower() in ("past", "after") else -step
    )
    return _time(*divmod(minutes % (24 * 60), 60))


def _named(match: re.Match[str]) -> str:
    return "00:00" if match[0].lower() in ("midnight", "午夜", "半夜") else "12:00"


def _chinese(match: re.Match[str]) -> str:
    hour, minute = whole(match["hour"]), match["minute"] or "整"
    fixed = {"半": 30, "一刻": 15, "三刻": 45, "整": 0}
    part = match["part"] or ""
    if hour is None:
        return ""
    minutes = fixed[minute] if minute in fixed else whole(minute)
    return _time(_halved(hour, part) if hour <= 12 else hour, minutes)


_PLAIN, _LIKELY = Certainty.PLAIN, Certainty.LIKELY
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str], Certainty], ...] = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), read, certainty)
    for pattern, read, certainty in (
        (
            rf"(?<![\w.:-])(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::\d{{2}})?(?![\w:])(?:\s?{_HALF}|{_PART})?",
            _written,
            _PLAIN,
        ),
        (rf"(?<![\w.:])(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}){_HALF}(?P<part>)", _written, _PLAIN),
        (rf"(?<![\w.:,])(?P<hour>\d{{1,2}})\.(?P<minute>\d{{2}})\s?{_HALF}(?P<part>)", _written, _PLAIN),
        (r"\bat\s{1,3}(?P<hour>\d{1,2})\.(?P<minute>[0-5]\d)\b(?P<half>)(?P<part>)(?!\s?[€$£%\w])", _written, _LIKELY),
        (r"(?<![\w.:])(?P<hour>\d{1,2})h(?P<minute>\d{2})?(?!\w)", _spoken, _LIKELY),
        (rf"(?<![\w.:,-]){_HOUR}\s?{_HALF}", _spoken, _PLAIN),
        (rf"(?<![\w.:,-]){_HOUR}\s?o['’]?\s?clock\b(?:\s?{_HALF}|{_PART})?", _spoken, _PLAIN),
        (rf"(?<![\w.:,-]){_HOUR}{_PART}", _spoken, _PLAIN),
        (
            rf"\b(?:at|around|by|after|before|until)\s{{1,3}}{_HOUR}\b(?![.,:/-]?\d|\s?[€$£%]|\s{{1,3}}(?!tomorrow|today|on\b|or\b|and\b|please|if\b|would|works|is\b)\w)",
            _spoken,
            _LIKELY,
        ),
        (
            rf"\b{_STEP}(?:\s{{1,3}}minutes?)?\s{{1,3}}(?P<side>past|to|after)\s{{1,3}}{_HOUR}\b(?:\s?{_HALF}|{_PART})?(?!\s{{1,3}}(?:euros?|dollars?|days?|people))",
            _past_or_to,
            _PLAIN,
        ),
        (
            r"\bhalf\s{1,3}(?P<hour>one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b(?P<step>)",
            lambda match: _time(_halved(whole(match["hour"]) or 0, ""), 30),
            _LIKELY,
        ),
        (r"\b(?:noon|midday|midnight)\b|正午|午夜|半夜", _named, _PLAIN),
        (rf"{_CHINESE_PART}\s?{_CHINESE_HOUR}\s?(?:点钟?|點|时|時|:(?=\d)){_CHINESE_MINUTE}", _chinese, _PLAIN),
        (
            rf"(?<![\d一二两三四五六七八九十第有])(?P<part>){_CHINESE_HOUR}\s?(?:点钟?|點){_CHINESE_MINUTE}(?![建意要五零])",
            _chinese,
            _LIKELY,
        ),
    )
)
_BARE = re.compile(r"(?<![\w.,:/-])(?P<hour>\d{1,2})(?P<minute>[0-5]\d)?(?![\w,:/-]|\.\d)", re.ASCII)


def times(text: str) -> list[Found]:
    """Every time of day that a text names."""
    found = [
        Found(read(match), *match.span(), certainty)
        for pattern, read, certainty in _RULES
        for match in pattern.finditer(text)
    ]
    return [one for one in apart((*found, *_bare(text))) if one.value]


def _bare(text: str) -> list[Found]:
    """A number that is all of the answer: "15", "1530"."""
    return [
        Found(_spoken(match), *match.span(), Certainty.ANSWER)
        for match in _BARE.finditer(text)
        if stands_alone(text, *match.span())
    ]
