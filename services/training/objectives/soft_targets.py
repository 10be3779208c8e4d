"""What a teacher makes of the training rows: read once, before the first step, so that no step needs a second pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel

from services.training.fitting.batching import INPUTS, Batch, batches
from services.training.fitting.device import autocast, best_device
from services.training.fitting.prediction import Found, gathered
from services.training.models.encoder import load_encoder
from services.training.models.pooled_head import LOGITS
from services.training.models.teachers import Teacher
from services.training.models.text_encoder import TextEncoder
from services.training.tasks.task import Task
from shared.artifacts.manifest import Labels
from shared.errors import TrainingFailed
from shared.inference.session import OnnxSession

#: The part of the manifest that names the columns of an output.
_COLUMNS = {"intent": "intents", "tags": "tags", "sentiment": "sentiments", LOGITS: "labels"}

#: Texts that the teacher's encoder reads at once.
_AT_ONCE = 64


class TokenStates:
    """The states of every token of some texts, kept in a file: they may take more room than the memory has.

    Args:
        values: [tokens of all texts, d] float16, one text after the other.
        lengths: Tokens of each text.
    """

    def __init__(self, values: NDArray[np.float16], lengths: NDArray[np.int64]) -> None:
        self._values = values
        self._lengths = lengths
        self._starts = np.concatenate([[0], lengths.cumsum()])

    @classmethod
    @torch.no_grad()
    def read(cls, base: Path, examples: Sequence[Any], task: Task[Any, Any, Any, Any], file: Path) -> TokenStates:
        """The last states that the encoder in a directory gives, written into a new file."""
        encoder: PreTrainedModel = load_encoder(base)
        device = best_device()
        encoder.to(device).eval()  # type: ignore[arg-type]
        lengths = np.array([len(example) for example in examples])
        starts, width = np.concatenate([[0], lengths.cumsum()]), int(encoder.config.hidden_size)
        values = np.memmap(file, np.float16, "w+", shape=(int(starts[-1]), width))
        has_types = getattr(encoder.config, "type_vocab_size", 0) > 1
        for batch in batches(examples, _AT_ONCE, task.collate):
            names = INPUTS if has_types else INPUTS[:2]
            with autocast(device):
                states = encoder(**{name: batch.inputs[name].to(device) for name in names}).last_hidden_state
            found = states.float().cpu().numpy().astype(np.float16)
            for position, row in zip(batch.positions.tolist(), found, strict=True):
                values[starts[position] : starts[position + 1]] = row[: lengths[position]]
        return cls(values, lengths)

    def of(self, positions: Tensor, longest: int) -> tuple[Tensor, Tensor]:
        """The states [b, longest, d] of some texts, padded with zeros or cut, and how many tokens each has."""
        chosen = positions.cpu().numpy()
        padded = np.zeros((len(chosen), longest, self._values.shape[1]), np.float32)
        for row, position in enumerate(chosen):
            text = self._values[self._starts[position] : self._starts[position + 1]][:longest]
            padded[row, : len(text)] = text
        return torch.from_numpy(padded), torch.from_numpy(self._lengths[chosen])


@dataclass(frozen=True, slots=True)
class SoftTargets:
    """What the teacher makes of each training example, in their order.

    Attributes:
        logits: Of each output, [columns] a text or [s, columns] where each token has some; the columns are the student's.
        of_tokens: The outputs that have a value for each token.
        independent: The outputs of which every column is a question of its own, and not one of a choice.
        states: Of each token, where they can be compared.
    """

    logits: Mapping[str, Sequence[NDArray[np.float32]]]
    of_tokens: Set[str] = frozenset()
    independent: Set[str] = frozenset()
    states: TokenStates | None = None

    def of(self, name: str, positions: Tensor, longest: int) -> Tensor:
        """The logits of an output, [b, columns] or [b, longest, columns]."""
        rows = [self.logits[name][position] for position in positions.tolist()]
        if name not in self.of_tokens:
            return torch.from_numpy(np.stack(rows))
        padded = np.zeros((len(rows), longest, rows[0].shape[-1]), np.float32)
        for row, values in enumerate(rows):
            padded[row, : len(values)] = values[:longest]
        return torch.from_numpy(padded)


class Lesson(NamedTuple):
    """What a student is to learn.

    Attributes:
        rows: The training rows.
        schema: Their labels.
        examples: The same as the student reads them.
        encoder: The student's tokenizer.
        folder: Of the attempt; the states are kept in it.
        threads: Cores to use.
    """

    rows: Sequence[Any]
    schema: Any
    examples: Sequence[Any]
    encoder: TextEncoder
    folder: Path
    threads: int


class Taught(NamedTuple):
    """The lesson as the teacher has read it.

    Attributes:
        targets: For the objective.
        examples: The student's, with what they take from the teacher besides labels.
        told: For the owner of the job.
    """

    targets: SoftTargets
    examples: Sequence[Any]
    told: str


def teach(teacher: Teacher, task: Task[Any, Any, Any, Any], lesson: Lesson, *, with_states: bool) -> Taught:
    """Have a teacher read the training rows.

    Args:
        teacher: Of the same task.
        task: The task.
        lesson: What there is to learn.
        with_states: Whether the states of tokens are wanted too.

    Raises:
        TrainingFailed: The teacher does not know every label, or all that could be learned of it is of tokens that the student has not.
    """
    manifest, labels = teacher.bundle.manifest, task.labels(lesson.schema)
    columns = matched(labels, manifest.labels)
    encoder = TextEncoder.load(teacher.bundle.folder, min(lesson.encoder.max_length, manifest.max_length))
    examples = task.examples(encoder, lesson.rows, lesson.schema)
    reads_alike = _tokens(encoder, examples) == _tokens(lesson.encoder, lesson.examples)
    session = OnnxSession.open(teacher.graph, threads=lesson.threads)

    def run(batch: Batch) -> dict[str, NDArray[np.float32]]:
        return session.run(*(batch.inputs[name].numpy() for name in INPUTS))

    def read(chosen: Sequence[Any]) -> Found:
        return gathered(run, chosen, task.collate, task.token_outputs)

    found = read(examples)
    taught = task.taught(lesson.examples, examples, lambda chosen: found if list(chosen) == examples else read(chosen))
    session.close()
    usable = [name for name in columns if name in found and (reads_alike or name not in task.token_outputs)]
    if not usable:
        raise TrainingFailed(
            f"{manifest.model_id} cuts texts into other tokens than the student, so that nothing it says of tokens can be learned. Name a "
            "teacher of the same base model.",
            param="objectives",
        )
    states = None
    if with_states and reads_alike and teacher.encoder is not None:
        states = TokenStates.read(teacher.encoder, examples, task, lesson.folder / "teacher-states")
    targets = SoftTargets(
        logits={name: [row[..., columns[name]] for row in found[name]] for name in usable},
        of_tokens=task.token_outputs,
        independent=frozenset((LOGITS,)) if labels.several or not labels.labels else frozenset(),
        states=states,
    )
    told = f"{manifest.model_id} teaches: it has read the {len(lesson.rows)} training rows{_left_out(teacher, with_states, reads_alike)}."
    return Taught(targets, taught, told)


def matched(student: Labels, teacher: Labels) -> dict[str, list[int]]:
    """For each output the columns of the teacher that belong to the student's, in their order: by name, never by place.

    Raises:
        TrainingFailed: The teacher does not know a label of the student's.
    """
    found = {}
    for output, kind in _COLUMNS.items():
        wanted, known = getattr(student, kind), list(getattr(teacher, kind))
        missing = [name for name in wanted if name not in known]
        if missing:
            raise TrainingFailed(
                f"The teacher does not know {len(missing)} of the {kind} in the rows, e.g. {missing[0]!r}. Name a teacher that was trained on "
                "all of them, or ask for objectives without 'distillation' ([] for none).",
                param="objectives",
            )
        if wanted:
            found[output] = [known.index(name) for name in wanted]
    if student.several != teacher.several or (teacher.labels and not found):
        raise TrainingFailed(
            "The teacher's labels are of another kind than those of the rows: one of several, any number of them, or scores. Name a teacher "
            "that was trained on rows of the same kind.",
            param="objectives",
        )
    return found or {LOGITS: [0]}


def _tokens(encoder: TextEncoder, examples: Sequence[Any]) -> list[list[str | None]]:
    """The tokens as words: two tokenizers that cut alike may number them otherwise."""
    return [[encoder.tokenizer.id_to_token(token) for token in example.tokens] for example in examples]


def _left_out(teacher: Teacher, with_states: bool, reads_alike: bool) -> str:
    if not reads_alike:
        return "; its tokens are others than the student's, so that only what it says of whole texts is learned"
    if with_states and teacher.encoder is None:
        return "; its tuning stays in its graph, so that its states cannot be looked at"
    return ", and shows its states" if with_states else ""
