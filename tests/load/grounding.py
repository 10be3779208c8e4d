"""How well documents are found, how surely a question without an answer is told from one with, and what the answers rest on.

``python -m tests.load.grounding [SET …]``: the corpora go through the very chunking, index and fusion that serve. Vectors are those of a model
of ``embedding`` that was trained on the training rows by an ordinary job's code (``--base``: of the base model as it is). Questions are the test
rows; one without an answer is a test row whose answering passages are left out of the search, as a filter would.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from services.generation.documents.chunking import chunked
from services.generation.documents.document import Document
from services.generation.retrieval.fusion import fused
from services.generation.retrieval.store_index import FloatArray, IndexedFile, StoreIndex
from shared.contracts.knowledge.passages import Chunking, Passage
from shared.dialogue.grounding.citing import cited, faithful
from shared.dialogue.grounding.quoting import quoted
from shared.dialogue.grounding.support import best_support
from shared.text.normalisation import folded

#: Questions of a set that are asked at most, drawn with a fixed seed; and those that the score of support is fitted on.
MOST, FITTED = 400, 200
CANDIDATES, SHOWN = 100, 5

Embed = Callable[[Sequence[str]], FloatArray]


@dataclass(frozen=True)
class Question:
    """A question of a set.

    Attributes:
        text: The words.
        documents: Where an answer stands: any of these.
        answers: Words that an answer has.
        within: Only documents so marked are searched.
    """

    text: str
    documents: frozenset[str]
    answers: tuple[str, ...]
    within: str = ""


@dataclass
class Corpus:
    """The documents of a set, and the questions about them."""

    documents: dict[str, str] = field(default_factory=dict)
    within: dict[str, str] = field(default_factory=dict)
    training: list[Question] = field(default_factory=list)
    test: list[Question] = field(default_factory=list)


def records(name: str) -> Iterator[dict[str, Any]]:
    folder = Path(os.environ.get("PARLEY_TEST_DATA", "../shared/data"))
    with gzip.open(folder / "faq" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def corpus_of(name: str) -> Corpus:
    """A set: FAQ answers or contexts as documents. A question with several answers has several documents."""
    corpus = Corpus()
    ids: dict[tuple[str, str], str] = {}
    asked: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in records(name):
        text = row.get("context") or row["answer"]
        within = row.get("domain", "") if name == "policyqa" else ""
        document = ids.setdefault((within, text), f"d{len(ids)}")
        corpus.documents[document] = text
        corpus.within[document] = within
        side = "test" if row["split"] == "test" else "train" if row["split"] == "train" else ""
        known = asked.setdefault(
            (side, within, folded(row["question"])), {"text": row["question"], "d": set(), "a": []}
        )
        known["d"].add(document)
        known["a"] += row.get("answers") or [row["answer"]]
    for (side, within, _), known in asked.items():
        question = Question(known["text"], frozenset(known["d"]), tuple(known["a"]), within)
        if side:
            (corpus.test if side == "test" else corpus.training).append(question)
    for questions in (corpus.test, corpus.training):
        random.Random(0).shuffle(questions)
    return corpus


class Store:
    """A vector store's index, filled."""

    def __init__(self, corpus: Corpus, embed: Embed) -> None:
        self.index = StoreIndex()
        self.texts: dict[int, str] = {}
        self.embed = embed
        chunks = {
            name: [c.text for c in chunked(Document.of(text), Chunking())] for name, text in corpus.documents.items()
        }
        vectors = iter(embed([text for texts in chunks.values() for text in texts]))
        for name, texts in chunks.items():
            of_file = np.stack([next(vectors) for _ in texts])
            self.index.put(name, name, {"within": corpus.within[name]}, "m", texts, of_file)
        for file in self.index.files:
            self.texts |= {file.first + place: text for place, text in enumerate(chunks[file.file_id])}

    def search(
        self,
        question: Question,
        vector: FloatArray,
        *,
        words: float = 0.5,
        meaning: float = 0.5,
        without: frozenset[str] = frozenset(),
    ) -> list[Passage]:
        """The first passages, as ``Searcher`` ranks them."""

        def allowed(file: IndexedFile) -> bool:
            return file.file_id not in without and (not question.within or file.attributes["within"] == question.within)

        by_words = [hit.number for hit in self.index.by_words(question.text, CANDIDATES, allowed)] if words else []
        by_vector = [hit.number for hit in self.index.by_vector("m", vector, CANDIDATES, allowed)] if meaning else []
        hits = fused([(words, by_words), (meaning, by_vector)])[:SHOWN]
        shares = self.index.coverage(question.text, [number for number, _ in hits])
        return [
            Passage(
                file_id=self.index.owner(number).file_id,
                filename="",
                position=0,
                text=self.texts[number],
                start=0,
                score=min(score, 1.0),
                similarity=self.index.similarity(number, {"m": vector}),
                coverage=share,
            )
            for (number, score), share in zip(hits, shares, strict=True)
        ]


def recall(found: Sequence[Sequence[Passage]], questions: Sequence[Question]) -> float:
    return float(
        np.mean([any(p.file_id in q.documents for p in some) for some, q in zip(found, questions, strict=True)])
    )


def contains(text: str, question: Question) -> bool:
    said = folded(text)
    return any(folded(answer) in said for answer in question.answers)


def contained(texts: Sequence[str], questions: Sequence[Question]) -> float:
    return float(np.mean([contains(text, question) for text, question in zip(texts, questions, strict=True)]))


def measure(name: str, embed: Embed, threshold: float) -> tuple[dict[str, Any], tuple[Any, Any]]:
    """The figures of a set, and what the score of support is fitted on: features and whether they are of a supported question."""
    corpus = corpus_of(name)
    store = Store(corpus, embed)
    test, fitted = corpus.test[:MOST], corpus.training[:FITTED]
    vectors = embed([question.text for question in test])
    pairs = list(zip(test, vectors, strict=True))
    hybrid = [store.search(question, vector) for question, vector in pairs]
    words = [store.search(question, vector, meaning=0.0) for question, vector in pairs]
    meaning = [store.search(question, vector, words=0.0) for question, vector in pairs]
    without = [store.search(question, vector, without=question.documents) for question, vector in pairs]
    good = [
        (question, some)
        for question, some in zip(test, hybrid, strict=True)
        if any(p.file_id in question.documents for p in some)
    ]
    answered = [(question, some) for question, some in good if best_support(some, judged=False) >= threshold]
    quotes = [quoted(question.text, some) for question, some in answered]
    rests = [one for quote, (_, some) in zip(quotes, answered, strict=True) for one in cited(quote, some)]
    figures = {
        "documents": len(corpus.documents),
        "chunks": store.index.size,
        "questions": len(test),
        "BM25": recall(words, test),
        "vectors": recall(meaning, test),
        "hybrid": recall(hybrid, test),
        "answer in the five": contained([" ".join(p.text for p in some) for some in hybrid], test),
        "supported answered": len(answered) / max(len(good), 1),
        "unsupported refused": float(np.mean([best_support(some, judged=False) < threshold for some in without])),
        "quotation has the answer": contained(quotes, [question for question, _ in answered]) if answered else 0.0,
        "citations that hold": float(np.mean([one.quote in one.passage.text and one.overlap >= 0.99 for one in rests]))
        if rests
        else 0.0,
        "faithful": float(np.mean([faithful(quote, some) for quote, (_, some) in zip(quotes, answered, strict=True)]))
        if answered
        else 0.0,
    }
    return figures, _features(store, fitted, embed)


def _features(store: Store, questions: Sequence[Question], embed: Embed) -> tuple[Any, Any]:
    rows, labels = [], []
    for question, vector in zip(questions, embed([question.text for question in questions]), strict=True):
        some = store.search(question, vector)
        supported = any(passage.file_id in question.documents for passage in some)
        for passages, label in ((some, True), (store.search(question, vector, without=question.documents), False)):
            if passages and (supported or not label):
                best = max(passages, key=lambda p: best_support([p], judged=False))
                rows.append([best.similarity or 0.0, best.coverage])
                labels.append(label)
    return np.array(rows), np.array(labels)


def base_encoder() -> Embed:
    """The vectors of the encoder that is installed with Parley, as it is."""
    import torch
    from transformers import AutoModel

    from services.training.models.base_models import base_path
    from services.training.models.text_encoder import TextEncoder
    from shared.artifacts.layout import MINILM

    path = base_path(MINILM)
    encoder, model = TextEncoder.load(path, 256), AutoModel.from_pretrained(path).eval()

    def embed(texts: Sequence[str]) -> FloatArray:
        found = np.zeros((len(texts), model.config.hidden_size), np.float32)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for start in range(0, len(order), 32):
            places = order[start : start + 32]
            encoded = encoder.tokens.encode([texts[place] for place in places])
            ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(one.ids) for one in encoded], batch_first=True)
            mask = torch.nn.utils.rnn.pad_sequence([torch.ones(len(one.ids)) for one in encoded], batch_first=True)
            with torch.inference_mode():
                states = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
            mean = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
            found[places] = torch.nn.functional.normalize(mean, dim=-1).numpy()
        return found

    return embed


def table(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    names = list(next(iter(found.values())))
    yield "| set | " + " | ".join(names) + " |"
    yield "| --- |" + " --- |" * len(names)
    for name, figures in found.items():
        shown = [f"{figures[one]:,}" if isinstance(figures[one], int) else f"{100 * figures[one]:.1f}" for one in names]
        yield f"| {name} | " + " | ".join(shown) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=["bank_faq", "policyqa", "cmrc2018_zh"])
    parser.add_argument("--threshold", type=float, default=0.5)
    parsed = parser.parse_args()
    embed = base_encoder()
    measured: dict[str, tuple[dict[str, Any], tuple[Any, Any]]] = {}
    for name in parsed.sets:
        measured[name] = measure(name, embed, parsed.threshold)
        print(*table({name: measured[name][0]}), sep="\n", flush=True)
    print(*table({name: figures for name, (figures, _) in measured.items()}), sep="\n")
    features = np.concatenate([rows for _, (rows, _) in measured.values()])
    labels = np.concatenate([labels for _, (_, labels) in measured.values()])
    fit = LogisticRegression(class_weight="balanced").fit(features, labels)
    sys.stdout.write(
        f"support: bias {fit.intercept_[0]:.2f}, similarity, coverage {np.round(fit.coef_[0], 2)}; right: {fit.score(features, labels):.3f}\n"
    )


if __name__ == "__main__":
    main()
