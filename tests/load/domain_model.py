"""``make domain-model``: a decoder from nothing, pre-trained on dialogues and tuned to answer them; ``--small`` does all of it in minutes on a CPU.

A ``causal_lm`` job makes a byte-level tokenizer and a Llama shape of at most 30 million weights from the texts of the training sides of the
dialogue sets, English and Chinese; a ``text_generation`` job goes on from it with their conversations. What comes out is judged, as served, on
held-out dialogues of SGD: by perplexity beside trigrams over the same tokens, and by the ROUGE-L of its answers beside those that
retrieval alone gives. Writes ``build/domain-model/report.md``; what one run came to stands in docs/domain-model.md.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from services.training.models.decoder import Wording
from services.training.reporting.text_overlap import overlap
from services.training.tasks.causal_lm.examples import sequences
from services.training.tasks.text_generation.scores import surprise
from services.training.writing.conversations import Conversations
from services.training.writing.likelihood import Surprise
from services.training.writing.token_sequences import TokenSequence
from shared.artifacts.bundle import Bundle
from shared.artifacts.manifest import DecoderShape
from shared.contracts.training.jobs import SCRATCH, JobSpec
from shared.decoding.writer import Writer
from shared.storage.training import jobs
from tests.load import domain_data as data
from tests.load.answer_retrieval import AnswerRetrieval
from tests.load.gpu import model_flops
from tests.load.kneser_ney import KneserNey
from tests.unit.training import job_kit
from tests.unit.training.attempts import attempt_at, bundle_of

REPORT = Path(__file__).parents[2] / "build" / "domain-model" / "report.md"
#: Tokens of a training sequence, and of an answer.
_LENGTH, _ANSWER = 512, 128


@dataclass(frozen=True)
class Size:
    """How much of everything.

    Attributes:
        architecture: Of the decoder.
        rows: Training rows of each set at most.
        judged: Validation rows of each set, and held-out dialogues, at most.
        pretraining: Hyperparameters of the first job.
        tuning: Hyperparameters of the second.
    """

    architecture: Mapping[str, int]
    rows: int | None
    judged: tuple[int, int]
    pretraining: Mapping[str, float]
    tuning: Mapping[str, float]


FULL = Size(
    architecture={"layers": 8, "width": 384, "heads": 6, "vocabulary": 12_000},
    rows=None,
    judged=(60, 500),
    pretraining={"n_epochs": 8, "batch_size": 160, "learning_rate_multiplier": 2.0},
    tuning={"n_epochs": 5, "batch_size": 64, "learning_rate_multiplier": 3.0},
)
SMALL = Size(
    architecture={"layers": 2, "width": 64, "heads": 2, "vocabulary": 1_000},
    rows=150,
    judged=(10, 40),
    pretraining={"n_epochs": 4, "batch_size": 8, "learning_rate_multiplier": 6.0},
    tuning={"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 20.0},
)


def main() -> None:
    """Make the model, and print and write what it came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a model of 200,000 weights on a few rows, for a CPU")
    parser.add_argument("--pretraining", type=json.loads, default={}, help="other hyperparameters of the first job")
    parser.add_argument("--tuning", type=json.loads, default={}, help="other hyperparameters of the second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--peak", type=float, default=989.0, help="TFLOP/s of the GPU, if there is one (bf16, dense)")
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    options.report.parent.mkdir(parents=True, exist_ok=True)
    with options.report.open("w", encoding="utf-8") as report:
        for line in made(SMALL if options.small else FULL, options):
            print(line, flush=True)
            print(line, file=report, flush=True)


def made(size: Size, options: argparse.Namespace) -> Iterator[str]:
    """The lines of the report, as they come."""
    with (
        TemporaryDirectory() as folder,
        job_kit.bench(Path(folder) / "home", training_threads=options.threads) as bench,
    ):
        maker = Maker(bench, Path(folder), options)
        read = maker.job(
            {
                "task": "causal_lm",
                "model": SCRATCH,
                "architecture": size.architecture,
                "training_file": bench.upload(data.texts("train", size.rows)),
                "validation_file": bench.upload(data.texts("validation", size.judged[0])),
                "hyperparameters": {**size.pretraining, **options.pretraining},
            }
        )
        yield from maker.told(read, "Pre-training")
        yield from perplexities(maker.bundle(read), size, options.threads)
        tuned = maker.job(
            {
                "task": "text_generation",
                "model": read.model,
                "training_file": bench.upload(data.conversations("train", size.rows)),
                "validation_file": bench.upload(data.conversations("validation", size.judged[0])),
                "hyperparameters": {**size.tuning, **options.tuning},
            }
        )
        yield from maker.told(tuned, "Tuning")
        yield from answers(maker.bundle(tuned), size, options.threads)


@dataclass(frozen=True)
class Finished:
    """A job that succeeded, and the model it made."""

    id: str
    model: str


@dataclass(frozen=True)
class Maker:
    """Runs jobs as the platform does, and tells of them."""

    bench: job_kit.Bench
    folder: Path
    options: argparse.Namespace

    def job(self, asked: Mapping[str, Any]) -> Finished:
        """One job from its files to its bundle."""
        common = {
            "schedule": {"max_length": _LENGTH, "weight_decay": 0.1},
            "seed": self.options.seed,
            "promotion": {"mode": "manual"},
        }
        job_id, _, _ = attempt_at(self.bench, JobSpec.model_validate({**common, **asked}))
        if (model := self.bench.job(job_id).fine_tuned_model) is None:
            raise SystemExit(self.bench.told(job_id)[-1])
        return Finished(job_id, model)

    def bundle(self, finished: Finished) -> Bundle:
        """The files of the model."""
        return bundle_of(self.bench, finished.model, self.folder / "cache" / finished.id)

    def told(self, finished: Finished, title: str) -> Iterator[str]:
        """What the job said, and how fast it was."""
        with self.bench.database.reading() as session:
            found = jobs.events(session, finished.id, limit=500).items[::-1]
        yield f"\n## {title}\n"
        yield from (f"- {event.message}" for event in found if event.type == "message")
        effort = next(event.data for event in found if "seconds_a_step" in event.data)
        steps = max(event.data["step"] for event in found if event.type == "metrics")
        trained = self.bench.job(finished.id).trained_tokens or 0
        yield f"- {speed(effort, steps, trained, self.bundle(finished), self.options.peak)}"


def speed(effort: Mapping[str, float], steps: int, trained: int, bundle: Bundle, peak: float) -> str:
    """Tokens and model FLOPs a second, validations included, as tests.load.gpu counts them (the words' table is a matrix here: it tells words)."""
    shape = bundle.manifest.decoder
    assert isinstance(shape, DecoderShape)
    rate = trained / (steps * effort["seconds_a_step"])
    flops = rate * model_flops(int(effort["weights"]), shape.layers, bundle.manifest.embedding_size, _LENGTH)
    used = f", {flops / 1e12 / peak:.1%} of {peak:.0f} TFLOP/s" if torch.cuda.is_available() else ""
    return f"{trained:,} tokens in {steps:,} steps: {rate:,.0f} tokens/s, {flops / 1e12:.2f} TFLOP/s{used}."


def perplexities(bundle: Bundle, size: Size, threads: int) -> Iterator[str]:
    """How likely held-out dialogues are, every word of them."""
    with closing(Writer.from_bundle(bundle, threads=threads)) as writer:
        plain = type(writer.tokenizer).from_str(writer.tokenizer.to_str())
        plain.encode_special_tokens = True

        def cut(texts: Sequence[str]) -> list[TokenSequence]:
            return sequences(plain, texts, writer.shape.begin, writer.shape.end, writer.shape.context)

        held_out = cut([data.spoken(record["messages"]) for record in _held_out(size)])
        everything = cut([record["text"] for record in data.texts("train", size.rows)])
        of_sgd = cut([data.spoken(record["messages"]) for record in _of_sgd(size)])
        yield from compared("Whole dialogues", surprise(writer, held_out), held_out, (everything, of_sgd), writer)


def answers(bundle: Bundle, size: Size, threads: int) -> Iterator[str]:
    """How likely the answers of held-out dialogues are, and how near to them those that are written."""
    with closing(Writer.from_bundle(bundle, threads=threads)) as writer:
        shape = writer.shape
        cutter = Conversations(writer.tokenizer, Wording(writer.template, shape.begin, shape.end), shape.context)

        def cut(records: Sequence[Mapping[str, Any]]) -> list[TokenSequence]:
            chats = [record["messages"] for record in records]
            learned = [[message["role"] == "assistant" for message in chat] for chat in chats]
            return [one for chat, told in zip(chats, learned, strict=True) for one in cutter.sequences(chat, told)]

        held_out = cut(_held_out(size))
        counted = (cut(data.conversations("train", size.rows)), cut(_of_sgd(size)))
        yield from compared("Answers alone", surprise(writer, held_out), held_out, counted, writer)
        asked = data.turns("test", size.judged[1])
        prompts = [cutter.prompt(chat[:-1])[-(shape.context - _ANSWER) :] for chat in asked]
        written = [one.text.strip() for one in writer.write(prompts, [_ANSWER] * len(prompts))]
    yield f"\n| answers to {len(asked)} held-out turns | ROUGE-L | BLEU | chrF | distinct-2 |\n|---|---|---|---|---|"
    truth = [chat[-1]["content"] for chat in asked]
    yield _overlap("the model", written, truth)
    for words, behind in (("the customer's last words", 1), ("the last words of both", 2), ("the last two of both", 4)):
        retrieval = AnswerRetrieval([record["messages"] for record in _of_sgd(size)], behind)
        yield _overlap(f"retrieval by {words}", retrieval.answers([chat[:-1] for chat in asked]), truth)
    yield "\n" + "\n".join(
        f"- `{chat[-2]['content']}` → `{text}`" for chat, text in list(zip(asked, written, strict=True))[:8]
    )


def compared(
    title: str,
    model: Surprise,
    held_out: Sequence[TokenSequence],
    counted: tuple[Sequence[TokenSequence], Sequence[TokenSequence]],
    writer: Writer,
) -> Iterator[str]:
    """A model beside trigrams over the same tokens, of all training texts and of SGD's alone."""
    vocabulary = writer.tokenizer.get_vocab_size()
    yield f"\n| {title}, {model.tokens:,} tokens | perplexity of a token | bits a byte |\n|---|---|---|"
    yield _row("the model", model)
    for where, grams in zip(("all training texts", "SGD's training texts"), counted, strict=True):
        yield _row(f"Kneser-Ney trigram, {where}", KneserNey(grams, vocabulary).surprise(held_out))


def _row(name: str, found: Surprise) -> str:
    scores = found.scores()
    return f"| {name} | {scores['perplexity']:.2f} | {found.nats / found.size / 0.6931471805599453:.3f} |"


def _overlap(name: str, written: Sequence[str], truth: Sequence[str]) -> str:
    found = overlap(written, truth)
    return (
        f"| {name} | "
        + " | ".join(f"{100 * found[score]:.1f}" for score in ("rouge_l", "bleu", "chrf", "distinct_2"))
        + " |"
    )


def _held_out(size: Size) -> list[data.Record]:
    return data.conversations("test", size.judged[1], (data.HELD_OUT,))


def _of_sgd(size: Size) -> list[data.Record]:
    return data.conversations("train", size.rows, (data.HELD_OUT,))


if __name__ == "__main__":
    main()
