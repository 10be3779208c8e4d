"""Transcripts as subtitles."""

from __future__ import annotations

from services.gateway.audio.subtitles import srt, vtt
from shared.contracts.media import SpokenSegment


def segment(number: int, start: float, end: float, text: str) -> SpokenSegment:
    return SpokenSegment(
        id=number,
        start=start,
        end=end,
        text=text,
        avg_logprob=-0.3,
        no_speech_prob=0.0,
        compression_ratio=1.0,
        temperature=0.0,
    )


SEGMENTS = [segment(0, 0.0, 1.5, "Hello there."), segment(1, 3_661.25, 3_662.0, "two\n\nlines --> one")]


def test_both_formats() -> None:
    assert srt(SEGMENTS) == (
        "1\n00:00:00,000 --> 00:00:01,500\nHello there.\n\n2\n01:01:01,250 --> 01:01:02,000\ntwo lines -> one\n"
    )
    assert vtt(SEGMENTS) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello there.\n\n01:01:01.250 --> 01:01:02.000\ntwo lines -> one\n"
    )
    assert srt([]) == ""
