"""``python -m tests.load.contrast BUNDLE``: the same words after two messages of the bot, with two meanings; read in context and without.

Two files of pairs: one was looked at while the starter's rows were written, the other never. A pair is right if both of its rows are.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.artifacts.bundle import Bundle
from shared.contracts.chat.understanding import Understanding
from shared.inference.reader import TextReader

FILES = {
    "looked at": Path(__file__).with_name("contrast_tuning.jsonl"),
    "held back": Path(__file__).with_name("contrast_heldout.jsonl"),
}


@dataclass(frozen=True, slots=True)
class Contrast:
    """One row of a pair.

    Attributes:
        pair: The number that its other row has too.
        text: What the customer says.
        context: What was said before, oldest first.
        intents: The accepted ones.
        entities: Start, end and label of each span that is asked for; ``None`` where spans are not.
    """

    pair: int
    text: str
    context: tuple[str, ...]
    intents: tuple[str, ...]
    entities: frozenset[tuple[int, int, str]] | None

    @classmethod
    def of(cls, record: dict[str, Any]) -> Contrast:
        """The row that a line of a file holds."""
        intents = record["intent"]
        spans = record.get("entities")
        return cls(
            pair=record["pair"],
            text=record["text"],
            context=tuple(record["context"]),
            intents=(intents,) if isinstance(intents, str) else tuple(intents),
            entities=frozenset((s["start"], s["end"], s["label"]) for s in spans) if spans is not None else None,
        )

    def understood(self, told: Understanding) -> bool:
        """Whether intent and spans are right."""
        found = {(span.start, span.end, span.label) for span in told.entities}
        return told.intent is not None and told.intent.name in self.intents and self.entities in (None, found)


def read(path: Path) -> list[Contrast]:
    """The rows of a file."""
    return [Contrast.of(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def judged(reader: TextReader, rows: Sequence[Contrast], *, in_context: bool) -> list[bool]:
    """Which rows are understood."""
    contexts = [row.context for row in rows] if in_context else None
    readings = reader.read([row.text for row in rows], contexts)
    return [row.understood(reading.understanding) for row, reading in zip(rows, readings, strict=True)]


def pairs_right(rows: Sequence[Contrast], right: Iterable[bool]) -> float:
    """Share of the pairs both rows of which are right."""
    pairs: dict[int, list[bool]] = defaultdict(list)
    for row, is_right in zip(rows, right, strict=True):
        pairs[row.pair].append(is_right)
    return sum(map(all, pairs.values())) / len(pairs)


def report(reader: TextReader, *, verbose: bool) -> Iterator[str]:
    """The lines to print."""
    for name, path in FILES.items():
        rows = read(path)
        for way, in_context in (("in context", True), ("without", False)):
            right = judged(reader, rows, in_context=in_context)
            share = sum(right) / len(right)
            yield f"{name}, {way}: rows {share:.1%}, pairs {pairs_right(rows, right):.1%} of {len(rows) // 2}"
            if verbose and in_context and name == "looked at":
                yield from (f"  {row}" for row, is_right in zip(rows, right, strict=True) if not is_right)


def main() -> None:
    """Read the pairs with a bundle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--verbose", action="store_true", help="list the rows of the first file that are wrong")
    arguments = parser.parse_args()
    reader = TextReader.from_bundle(Bundle.open(arguments.bundle))
    for line in report(reader, verbose=arguments.verbose):
        print(line)


if __name__ == "__main__":
    main()
