"""What a model bundle says of itself. The manifest is written last: a directory without one is no bundle."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.contracts.training.jobs import JobSpec
from shared.contracts.training.tasks import TaskName

MANIFEST = "manifest.json"
TOKENIZER = "tokenizer.json"
FP32_MODEL = "model.onnx"
FP16_MODEL = "model.fp16.onnx"
INT8_MODEL = "model.int8.onnx"
INT4_MODEL = "model.int4.onnx"
ENCODER_MODEL = "encoder.onnx"
NEIGHBOURS = "neighbours.npy"
NEIGHBOUR_ROWS = "neighbours.json"
CHAT_TEMPLATE = "chat_template.jinja"
LORA = "lora.npz"


def encoder_beside(decoder: str) -> str:
    """The graph that reads, of an encoder-decoder whose graph that writes is called ``decoder``."""
    return decoder.replace("model", "encoder", 1)


#: Slope of the odds of ``out_of_scope`` where no rows tell a better one; those that were learnt lie around it.
DEFAULT_SLOPE = 10.0


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(_Part):
    """Size and hash of one file of the bundle."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FileEntry:
        """The entry that describes the file as it lies there."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(bytes=path.stat().st_size, sha256=digest)


class Labels(_Part):
    """The label of each output column, in order. An empty list means that the model lacks the head."""

    intents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """BIO tags: ``O``, then ``B-x``, ``I-x`` for each entity label."""
    sentiments: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """Of a task with one head."""
    several: bool = False
    """Whether a text may have any number of ``labels``."""
    unanswerable: bool = False
    """Whether a context may hold no answer to a question."""
    apart: tuple[str, ...] = ()
    """Entity labels of which two that stand side by side, only a blank between them, are two and not one."""

    @property
    def chosen(self) -> tuple[str, ...]:
        """Every label that a whole text can have, moods left out."""
        return (*self.intents, *self.labels)


class ScopeCalibration(_Part):
    """How a text is judged to lie outside every intent; see ``shared.inference.scope``.

    Attributes:
        weights: Weight of each signal in the score, by name.
        threshold: Scores below it are out of scope.
        slope: How fast the logarithm of the odds of ``out_of_scope`` against the likeliest intent grows below the threshold.
        in_scope_rejection: Share of in-scope validation rows that the threshold rejects.
    """

    weights: dict[str, float]
    threshold: float
    slope: float = DEFAULT_SLOPE
    in_scope_rejection: float


class Calibration(_Part):
    """Temperatures (Guo et al. 2017, arXiv:1706.04599) by which logits are divided, and thresholds of probabilities."""

    intent_temperature: float = 1.0
    sentiment_temperature: float = 1.0
    scope: ScopeCalibration | None = None
    temperature: float = 1.0
    """Of the one head of a task that has one."""
    threshold: float = 0.5
    """From which probability on a text has a label, where it may have several."""
    margin: float = 0.0
    """How much better than none an answer must be, in logits, where a context may hold none."""


class DecoderShape(_Part):
    """What serving has to know of a decoder's graph.

    Its inputs are ``input_ids`` [b, s], ``attention_mask`` [b, past + s], and of each layer ``past_key_values.N.key`` and ``.value``
    [b, kv_heads, past, head_size]; its outputs ``logits`` [b, s, vocabulary], and ``present.N.key`` and ``.value``. Where
    ``shared_buffer``, attention is GroupQueryAttention of onnxruntime, which lets past and present be the same memory.

    Attributes:
        layers: Of the decoder.
        kv_heads: Heads of keys and values in each.
        head_size: Width of one.
        context: Tokens that it can hold, prompt and answer together.
        vocabulary: Columns of its logits.
        end: Tokens that end an answer.
        begin: Token that a prompt begins with, if any.
        shared_buffer: Whether past and present may be one memory.
    """

    layers: int
    kv_heads: int
    head_size: int
    context: int
    vocabulary: int
    end: tuple[int, ...]
    begin: int | None = None
    shared_buffer: bool = True


class EncoderDecoderShape(_Part):
    """What serving has to know of the two graphs of an encoder-decoder.

    The one that reads (``encoder.onnx``) takes ``input_ids`` and ``attention_mask`` [b, s], and gives of each layer of the decoder
    ``source.N.key`` and ``.value`` [b, heads, s, head_size]. The one that writes (``model.onnx``) takes these, ``source_mask`` [b, s],
    ``input_ids`` [b, t], and ``past_key_values.N.key`` and ``.value`` [b, heads, past, head_size]; it gives ``logits``
    [b, t, vocabulary], and ``present.N.key`` and ``.value``.

    Attributes:
        layers: Of the decoder.
        heads: In each.
        head_size: Width of one.
        context: Tokens that it writes at most, those that it begins with included.
        vocabulary: Columns of its logits.
        begin: Tokens that every text begins with; it is given them.
        end: Tokens that end a text.
    """

    layers: int
    heads: int
    head_size: int
    context: int
    vocabulary: int
    begin: tuple[int, ...]
    end: tuple[int, ...]


class Parity(_Part):
    """How well the export agrees with the torch model on held-out inputs."""

    max_abs_difference: float
    """Largest difference of any fp32 output."""
    int8_scheme: str | None
    """Name of the quantisation that was kept, or ``None`` if fp32 is served."""
    int8_loss: float | None
    """Points (0..100) that the worst score lost through it."""
    fp16_difference: float | None = None
    """Largest difference of any output of the graph in half precision from that of fp32, as a share of the largest; ``None`` without one."""
    fp16_loss: float | None = None
    """Points that the worst score lost through it."""


class Manifest(_Part):
    """The self-description of a bundle."""

    format_version: Literal[1] = 1
    model_id: str
    task: TaskName = "nlu"
    base_model: str
    created_at: int
    data_sha256: str
    spec: JobSpec
    job_id: str
    labels: Labels
    embedding_size: int
    embedding_sizes: tuple[int, ...] = ()
    """To which an embedding may be cut, where the model was trained so that it can be; largest first."""
    max_length: int
    decoder: DecoderShape | EncoderDecoderShape | None = None
    """Of a model that writes; others have none."""
    calibration: Calibration
    served_file: str
    """``model.onnx``, ``model.int8.onnx`` or ``model.int4.onnx``: the one that inference opens on a CPU."""
    gpu_file: str = FP32_MODEL
    """``model.onnx`` or ``model.fp16.onnx``: the one that it opens on a GPU."""
    metrics: dict[str, Any]
    parity: Parity
    files: dict[str, FileEntry]
