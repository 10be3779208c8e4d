"""Long sounds are cut at pauses, and every part of them is heard once."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.generation.media.pieces import end_of_piece
from services.generation.media.sounds import read_sound
from tests.unit.generation.media.speaking import needs_espeak, spoken
from tests.unit.generation.media.test_sounds import OPTIONS

RATE = 1_000


def noise(seconds: float) -> Any:
    return np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * RATE)).astype(np.float32)


def test_a_cut_is_made_in_the_longest_pause_before_the_end_of_a_piece() -> None:
    samples = noise(60)
    samples[25_000:25_600] = 0.0
    samples[20_000:20_100] = 0.0  # no more than a breath
    assert 25_000 <= end_of_piece(samples, 0, RATE, 30) <= 25_600


def test_without_a_pause_a_piece_is_cut_all_the_same() -> None:
    assert 15_000 <= end_of_piece(noise(60), 0, RATE, 30) <= 30_000


@given(seconds=st.floats(min_value=0.1, max_value=100), piece=st.floats(min_value=1, max_value=40))
def test_the_pieces_of_a_sound_are_all_of_it(seconds: float, piece: float) -> None:
    samples, start, pieces = noise(seconds), 0, 0
    while start < len(samples):
        stop = end_of_piece(samples, start, RATE, piece)
        assert start < stop <= len(samples)
        assert stop - start <= 1.25 * piece * RATE + 1
        start, pieces = stop, pieces + 1
    assert pieces <= 1 + 2 * seconds / piece


@needs_espeak
def test_what_is_said_in_pieces_is_what_is_said() -> None:
    said = [spoken(text) for text in ("My parcel number is seven.", "It should have arrived on Monday.")]
    content = _joined(*said)
    options, since, heard = OPTIONS | {"piece": 3.0}, 0.0, []
    while since is not None:
        *segments, last = read_sound(content, options | {"since": since})
        heard += [one["segment"] for one in segments]
        since = last["end"].get("more_from")
    text = " ".join(one["text"] for one in heard).lower()
    assert "parcel" in text
    assert "monday" in text
    assert [one["start"] for one in heard] == sorted(one["start"] for one in heard)
    assert heard[-1]["end"] <= last["end"]["duration"] + 0.5


def _joined(*sounds: bytes) -> bytes:
    """One WAV, with half a second of silence between them."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as joined:
        for number, sound in enumerate(sounds):
            with wave.open(io.BytesIO(sound)) as one:
                if number == 0:
                    joined.setparams(one.getparams())
                joined.writeframes(one.readframes(one.getnframes()) + bytes(one.getframerate()))
    return buffer.getvalue()
