"""``python -m tests.load.deciding``: how fast questions about a text are decided, beside the encoder alone.

64 statements that no text was held against before, and the text itself, are 65 texts for the encoder, at its rate by itself; a decision reads them and answers. Both
alternate in one run, in process and over HTTP (one caller; the services are processes of their own on RabbitMQ and PostgreSQL), and medians are told.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx

from services.nlu import decisions
from services.training.exporting.base_models import publish
from shared.artifacts.bundle import Bundle
from shared.artifacts.layout import MINILM, model_key
from shared.artifacts.local import LocalStore
from shared.artifacts.store import open_store
from shared.contracts.chat.decisions import DecisionOption, DecisionQuestion
from shared.tasks.embedding.reader import EmbeddingReader
from shared.tasks.readers import open_predictor
from tests.bundles import Recipe, tiny_bundle
from tests.load.chat_model import MODEL_ID
from tests.load.chat_stack import stack

QUESTIONS = 64
_TEXT = "I have been waiting for my parcel for two weeks and nobody answers the phone."
_ABOUT = (
    "a parcel",
    "a refund",
    "an invoice",
    "a phone call",
    "bad manners",
    "a lost card",
    "the weather",
    "an address",
)
_SAID = (
    "is late",
    "is missing",
    "was wrong",
    "was good",
    "costs too much",
    "should be changed",
    "was promised",
    "is not wanted",
)


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    fresh = _statements()
    with TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        publish(MINILM, store)
        bundle = Bundle.open(store.fetch_folder(model_key(MINILM), Path(folder)))
        encoder = cast("EmbeddingReader", open_predictor(bundle))
        vectors = decisions.TextVectors()

        def raw() -> None:
            encoder.embed_counted([_TEXT, *itertools.islice(fresh, QUESTIONS)])

        def inside() -> None:
            asked = [_question(words) for words in itertools.islice(fresh, QUESTIONS)]
            decisions.decide(encoder, vectors, _TEXT, asked)

        figures = {"in_process": _compared(raw, inside, options.rounds)}
        with stack(tiny_bundle(Path(folder) / "bundle", Recipe(model_id=MODEL_ID)), {}) as running:
            publish(MINILM, open_store(running.platform.environment["PARLEY_ARTIFACTS_URL"]))
            running.start("nlu", "services.nlu")
            running.wait_until_answering()
            with running.platform.http() as http:
                figures["over_http"] = _compared(raw, lambda: _asked(http, fresh), options.rounds)
        encoder.close()
    print(json.dumps(figures), flush=True)


def _statements() -> Iterator[str]:
    """Statements, each of which is new, of like length."""
    for number in itertools.count():
        for about, said in itertools.product(_ABOUT, _SAID):
            yield f"The customer says that {about} {said}, case {number}."


def _question(words: str) -> DecisionQuestion:
    options = (DecisionOption(name="true"), DecisionOption(name="false"))
    return DecisionQuestion(kind="predicate", instructions=words, options=options)


def _asked(http: httpx.Client, fresh: Iterator[str]) -> None:
    questions: list[dict[str, Any]] = [
        {"type": "predicate", "name": f"q{number}", "instructions": words}
        for number, words in enumerate(itertools.islice(fresh, QUESTIONS))
    ]
    http.post("/v1/decisions", json={"model": MINILM, "input": _TEXT, "questions": questions}).raise_for_status()


def _compared(raw: Callable[[], None], deciding: Callable[[], None], rounds: int) -> dict[str, float]:
    for _ in range(3):
        raw()
        deciding()
    seen = [(_seconds(raw), _seconds(deciding)) for _ in range(rounds)]
    return {
        "encoder_texts_a_second": round((QUESTIONS + 1) / statistics.median(first for first, _ in seen), 1),
        "questions_a_second": round(QUESTIONS / statistics.median(second for _, second in seen), 1),
        "ratio": round(statistics.median(first / second for first, second in seen), 3),
    }


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
