"""Writing down what is said: real speech, and what strangers might send."""

from __future__ import annotations

import io
import math
import struct
import wave
from typing import Any

import pytest

from services.generation.media.reading import reading
from services.generation.media.sounds import read_sound
from services.generation.media.unreadable import Unreadable
from tests.unit.generation.media.pictures import receipt, saved
from tests.unit.generation.media.speaking import needs_espeak, spoken

OPTIONS: dict[str, Any] = {
    "model": None,
    "longest": 60.0,
    "piece": 60.0,
    "since": 0.0,
    "task": "transcribe",
    "language": None,
    "prompt": None,
    "temperature": 0.0,
    "words": True,
}


def wav(seconds: float, loudness: float = 0.0) -> bytes:
    """A tone, or silence."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        samples = (int(32_767 * loudness * math.sin(n / 3)) for n in range(int(8_000 * seconds)))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return buffer.getvalue()


@needs_espeak
def test_speech_is_written_down_by_a_process_of_its_own() -> None:
    content = spoken("Hello, where is my order? It should have arrived on Monday.")
    *segments, last = reading("sound", io.BytesIO(content), OPTIONS, seconds=120, limit=10_000_000)
    text = " ".join(one["segment"]["text"] for one in segments).lower()
    assert "where is my order" in text
    assert "monday" in text
    words = [word for one in segments for word in one["segment"]["words"]]
    assert [word["start"] for word in words] == sorted(word["start"] for word in words)
    assert (last["end"]["language"], last["end"]["model"]) == ("en", "whisper-tiny.en")
    assert last["end"]["duration"] > 2


@pytest.mark.parametrize(
    ("content", "reason", "code"),
    [
        (b"", "no sound", "invalid_file"),
        (b"%PDF-1.7 nothing of the kind", "no sound", "invalid_file"),
        (saved(receipt(), "PNG"), "no sound", "invalid_file"),
        (wav(1.0), "silent", "silent"),
        (wav(0.02, 0.5), "too short", "silent"),
        (wav(61.0, 0.5), "longer than 60 s", "sound_too_long"),
    ],
)
def test_what_cannot_be_heard_is_told(content: bytes, reason: str, code: str) -> None:
    with pytest.raises(Unreadable, match=reason) as refused:
        list(read_sound(content, OPTIONS))
    assert refused.value.code == code


def test_another_language_than_the_model_hears_is_refused() -> None:
    with pytest.raises(Unreadable, match="PARLEY_VOICE_MODEL"):
        list(read_sound(wav(1.0, 0.5), OPTIONS | {"language": "zh"}))


def test_a_model_that_is_not_there_is_told() -> None:
    with pytest.raises(Unreadable, match="PARLEY_VOICE_MODEL"):
        list(read_sound(wav(1.0, 0.5), OPTIONS | {"model": "/nowhere/at/all"}))


def test_without_the_extra_it_is_said_which_one_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(Unreadable, match=r"parley\[voice\]"):
        list(read_sound(wav(1.0, 0.5), OPTIONS))
