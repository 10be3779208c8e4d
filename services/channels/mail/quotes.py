"""What a customer wrote just now: a mail's text without quotes, signature and what a phone adds.

Plain rules, each linear in the text, since anybody may send any text. What no rule knows stays: a bot that reads too much is better
than one that was not told.
"""

from __future__ import annotations

import re

#: A line after which all is quoted: what programs put above the mail that is answered.
_BELOW = re.compile(
    r"[-_ ]{4,}\s*(original( message| appointment)?|ursprüngliche nachricht|message d'origine|mensaje original|原始邮件|原始郵件|"
    r"回复的原邮件|forwarded message|转发的邮件|weitergeleitete nachricht)\s*[-_ ]{4,}",
    re.IGNORECASE,
)
#: "On … wrote:", where a quote or nothing follows.
_ATTRIBUTION = re.compile(
    r"(on|am|le|el|il|em|op|den|在|于)\b.{4,300}(wrote|schrieb.{0,100}|a écrit|escribió|ha scritto|escreveu|schreef.{0,100}|skrev.{0,100}|写道)\s*[:：]",
    re.IGNORECASE,
)
#: The same behind a name, in one line.
_NAMED = re.compile(r".{0,200}写道\s*[:：]")
#: The first and the later fields of a head that Outlook puts above a quote.
_FROM = re.compile(r"\**(from|von|de|发件人|寄件者)\**\s*[:：]\s*\S", re.IGNORECASE)
_SENT = re.compile(
    r"\**(sent|date|gesendet|envoyé|enviado|发送时间|发送日期|日期|寄件日期|to|an|收件人)\**\s*[:：]\s*\S",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(sent from my .{1,40}|sent from .{0,20}mail.{0,30}|get outlook for .{1,20}|von meinem .{1,30} gesendet|envoyé de mon .{1,30}|"
    r"enviado desde mi .{1,30}|发自我的.{1,30}|(来自|发自|從我的).{1,30}(发送|邮箱|手机|傳送)?)",
    re.IGNORECASE,
)
_RULE = re.compile(r"[_-]{8,}")
#: Characters of a line that are looked at, and lines of a mail.
_WIDTH, _LINES = 500, 2_000


def written(text: str) -> str:
    """The new words, with answers between the lines of a quote, without the quote."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").split("\n")[:_LINES]
    lines = lines[: _end(lines)]
    kept = [line for at, line in enumerate(lines) if not _is_quote(line) and not _leads_in(lines, at)]
    while kept and (
        not kept[-1].strip() or _PHONE.fullmatch(kept[-1].strip()[:_WIDTH]) or _RULE.fullmatch(kept[-1].strip())
    ):
        kept.pop()
    return "\n".join(line.rstrip() for line in kept).strip()


def _end(lines: list[str]) -> int:
    """Where the signature, or what is answered, begins."""
    for at, line in enumerate(lines):
        short = line.strip()[:_WIDTH]
        if line.rstrip() == "--" or _BELOW.fullmatch(short):
            return at
        if _FROM.match(short) and any(_SENT.match(after.strip()[:_WIDTH]) for after in lines[at + 1 : at + 4]):
            return at
    return len(lines)


def _is_quote(line: str) -> bool:
    return line.lstrip().startswith(">")


def _leads_in(lines: list[str], at: int) -> bool:
    """Whether this line is, or begins, the "On … wrote:" of a quote; programs break it into three lines at most."""
    if _NAMED.fullmatch(lines[at].strip()[:_WIDTH]) and _quote_follows(lines, at + 1):
        return True
    for start in range(max(0, at - 2), at + 1):
        for end in range(at + 1, min(start + 3, len(lines)) + 1):
            parts = [line.strip() for line in lines[start:end]]
            joined = " ".join(parts)[:_WIDTH]
            may_be = all(parts) and joined.endswith((":", "：")) and _quote_follows(lines, end)
            if may_be and _ATTRIBUTION.fullmatch(joined):
                return True
    return False


def _quote_follows(lines: list[str], at: int) -> bool:
    """Whether a quote, or nothing, comes next."""
    return _is_quote(next((line for line in lines[at:] if line.strip()), ">"))
