"""How well the sentence embedding finds knowledge that no row was trained on."""

from __future__ import annotations

import numpy as np
import yaml

from services.training.models.text_encoder import TextEncoder
from services.training.tasks.nlu.examples import examples_of
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import predict
from shared.starter import bot
from shared.tasks.nlu.row import Row


def top_1(model: JointModel, encoder: TextEncoder) -> float:
    """Share of the other wordings in the starter's knowledge whose nearest question is the one they stand beside."""
    pairs = [pair for pair in yaml.safe_load(bot().read_text(encoding="utf-8"))["knowledge"] if pair.get("also")]
    questions = [pair["question"] for pair in pairs]
    wordings = [(place, wording) for place, pair in enumerate(pairs) for wording in pair["also"]]
    found = predict(model, examples_of(encoder, [Row(text) for text in questions], model.labels)).embeddings
    asked = predict(model, examples_of(encoder, [Row(text) for _, text in wordings], model.labels)).embeddings
    nearest = (asked @ found.T).argmax(axis=1)
    return float(np.mean(nearest == np.array([place for place, _ in wordings])))
