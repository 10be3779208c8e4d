"""Transcripts as files of subtitles."""

from __future__ import annotations

from collections.abc import Iterable

from shared.contracts.media import SpokenSegment


def srt(segments: Iterable[SpokenSegment]) -> str:
    """SubRip."""
    return "\n".join(
        f"{number}\n{_time(one.start, ',')} --> {_time(one.end, ',')}\n{_line(one.text)}\n"
        for number, one in enumerate(segments, start=1)
    )


def vtt(segments: Iterable[SpokenSegment]) -> str:
    """WebVTT."""
    cues = "\n".join(f"{_time(one.start, '.')} --> {_time(one.end, '.')}\n{_line(one.text)}\n" for one in segments)
    return f"WEBVTT\n\n{cues}"


def _line(text: str) -> str:
    """No text ends its own cue."""
    return " ".join(text.replace("-->", "->").split())


def _time(seconds: float, sign: str) -> str:
    whole = round(seconds * 1_000)
    hours, rest = divmod(whole, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1_000:02}{sign}{rest % 1_000:03}"
