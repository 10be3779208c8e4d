"""``python -m tests.load.explanations [ROWS]``: whether the words that an explanation names are those that matter, and what it costs.

On texts that the starter model has not seen (its held-out dialogues): the probability of the intent falls by so much without the two words that the
explanation names, and without two others taken by chance; the same for the sentiment's score. Cost: an explanation against a reading of the
same text, both in this process on one thread.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from services.nlu.explaining import explain, most_moving, without, words
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import model_key
from shared.artifacts.local import LocalStore
from shared.contracts.chat.explanations import ExplainTurn, WordEffect
from shared.contracts.chat.turns import TurnReceived
from shared.inference.reader import TextReader
from shared.starter import dialogues
from tests.end_to_end.platforms import embedded

NAMED = 2
#: Words of a text from which on there are enough others.
LONG = 5


def main() -> None:
    """Print two tables."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with TemporaryDirectory() as folder:
        home = Path(folder)
        with embedded(home) as platform, platform.http() as http:
            model = next(one["id"] for one in http.get("/v1/models").json()["data"] if one["id"].startswith("ft:"))
            store = LocalStore(home / "artifacts")
            reader = TextReader.from_bundle(Bundle.open(store.fetch_folder(model_key(model), home / "cache")))
        texts = said()
        random.Random(0).shuffle(texts)
        faithful(reader, texts[:rows])
        cost(reader, texts[:rows])
        reader.close()


def said() -> list[str]:
    """What customers say in the dialogues that the starter was not written with."""
    document = yaml.safe_load(dialogues()["heldout"].read_text("utf-8"))
    turns = [turn["user"] for dialogue in document["dialogues"] for turn in dialogue["turns"]]
    return [text for text in dict.fromkeys(turns) if len(words(text)) >= LONG]


def question(text: str) -> ExplainTurn:
    """A first turn."""
    turn = TurnReceived(turn_id="turn_1", conversation_id="conv_1", text=text, received_at=1.0)
    return ExplainTurn(turn=turn, model="", bot_version=1, answered_by="template")


def faithful(reader: TextReader, texts: Sequence[str]) -> None:
    """By how much deleting words changes the decision."""
    chance = random.Random(1)
    by_named, by_others, stronger = [], [], 0
    for text in texts:
        told = explain(reader, question(text))
        intent = told.understood.understanding.intent
        assert intent is not None
        named = most_moving(told.reading.words, NAMED)
        others = [word for word in told.reading.words if word not in named]
        taken = chance.sample(others, min(len(named), len(others)))
        falls = [intent.confidence - likely(reader, text, some, intent.name) for some in (named, taken)]
        by_named.append(falls[0])
        by_others.append(falls[1])
        stronger += falls[0] > falls[1]
    print(f"| texts | without the {NAMED} named words | without {NAMED} others | named ones matter more |")
    print("|---|---|---|---|")
    print(
        f"| {len(texts)} | -{statistics.mean(by_named):.3f} | -{statistics.mean(by_others):.3f} | {stronger / len(texts):.0%} |"
    )


def likely(reader: TextReader, text: str, some: Sequence[WordEffect], intent: str) -> float:
    """The probability of an intent without some words."""
    left = without(text, *sorted((word.start, word.end) for word in some))
    (reading,) = reader.read([left])
    return next((one.confidence for one in reading.understanding.ranking if one.name == intent), 0.0)


def cost(reader: TextReader, texts: Sequence[str]) -> None:
    """What explanations cost, in readings of the same text."""

    def seconds(act: Callable[[], object]) -> float:
        begun = time.perf_counter()
        act()
        return time.perf_counter() - begun

    ratios = []
    for text in texts:
        asked = question(text)
        reading = min(seconds(lambda text=text: reader.read([text])) for _ in range(3))  # type: ignore[misc]
        ratios.append(min(seconds(lambda asked=asked: explain(reader, asked)) for _ in range(3)) / reading)  # type: ignore[misc]
    ratios.sort()
    print(
        f"\nan explanation in readings: median {ratios[len(ratios) // 2]:.1f}, 95 % {ratios[int(0.95 * len(ratios))]:.1f}"
    )


if __name__ == "__main__":
    main()
