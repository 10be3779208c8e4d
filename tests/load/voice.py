"""How much of spoken sentences is written down wrongly: word error rate on sentences that a second engine speaks; writes ``docs/voice-quality.md``.

``python -m tests.load.voice`` (needs espeak-ng and the extra ``voice``).
"""

from __future__ import annotations

import io
import re
import resource
import time
from collections.abc import Sequence

from services.generation.media.reading import reading
from tests.architecture.source import ROOT
from tests.unit.generation.media.speaking import spoken
from tests.unit.generation.media.test_sounds import OPTIONS

SENTENCES = (
    "Where is my order? It should have arrived on Monday.",
    "I would like to return the kettle because it does not switch off.",
    "Can you please change my delivery address?",
    "My flight from Berlin to Rome was cancelled this morning.",
    "I want to talk to a real person, now.",
    "How long does a refund take?",
    "The parcel was damaged when it came, and two cups are broken.",
    "Do you ship to Switzerland, and what does it cost?",
    "I forgot my password and cannot sign in any more.",
    "Please book a table for four people tomorrow at seven.",
    "The invoice has the wrong name on it.",
    "Thank you very much, that is all for today.",
)
VOICES = (("en-us", 130), ("en-us", 170), ("en-gb", 150), ("en-gb-scotland", 150))


def words(text: str) -> list[str]:
    """The words of a text, as they are compared."""
    return re.findall(r"[a-z0-9']+", text.lower())


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words put in, left out or changed, at the least."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, start=1):
        before, row[0] = row[0], number
        for place, other in enumerate(heard, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


def transcript(content: bytes) -> tuple[str, float]:
    """What was heard, and the seconds of sound."""
    *segments, last = reading("sound", io.BytesIO(content), OPTIONS | {"words": False}, seconds=300, limit=50_000_000)
    return " ".join(one["segment"]["text"] for one in segments), last["end"]["duration"]


def main() -> None:
    """Measure and write the page."""
    lines, wrong, all_said, seconds, began = [], 0, 0, 0.0, time.time()
    for voice, speed in VOICES:
        mistaken = of = 0
        for sentence in SENTENCES:
            heard, duration = transcript(spoken(sentence, voice=voice, speed=speed))
            mistaken += errors(words(sentence), words(heard))
            of += len(words(sentence))
            seconds += duration
        lines.append(f"| {voice}, {speed} words a minute | {of} | {100 * mistaken / of:.1f} % |\n")
        wrong, all_said = wrong + mistaken, all_said + of
    taken, cpu = time.time() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    page = f"""# Quality of transcripts

Made by `python -m tests.load.voice`: {len(SENTENCES)} sentences of a service desk, spoken by espeak-ng (a robot: people are heard better, noise and telephones worse), written down by the packaged whisper-tiny.en.

| voice | words | word error rate |
|---|---|---|
{"".join(lines)}| all | {all_said} | {100 * wrong / all_said:.1f} % |

{seconds:.0f} s of speech took {taken:.0f} s on 2 cores that did other work too, {cpu:.0f} s of processor time; most of it is starting a process and loading the model for each of the {len(SENTENCES) * len(VOICES)} files.
"""
    (ROOT / "docs" / "voice-quality.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
