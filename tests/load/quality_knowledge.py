"""How well what is served finds knowledge that no row was trained on."""

from __future__ import annotations

import numpy as np

from services.training.models.text_encoder import TextEncoder
from services.training.tasks.nlu.examples import examples_of
from services.training.tasks.nlu.model import JointModel
from services.training.tasks.nlu.prediction import predict
from shared.bot.bot_file import read_bot
from shared.dialogue.knowledge import FloatArray, KnowledgeIndex
from shared.starter import bot
from shared.tasks.nlu.row import Row


def top_1(model: JointModel, encoder: TextEncoder, *, letters: bool = True) -> float:
    """Share of the other wordings in the starter's knowledge whose nearest question is the one they stand beside.

    Args:
        model: Embeds them.
        encoder: Its tokenizer.
        letters: Whether they are looked up as messages are, by vectors and letters, or by the vectors alone.
    """

    def embedded(texts: list[str]) -> FloatArray:
        return predict(model, examples_of(encoder, [Row(text) for text in texts], model.labels)).embeddings

    pairs = [pair for pair in read_bot(bot().read_text(encoding="utf-8")).knowledge if pair.also]
    questions = [pair.model_copy(update={"also": ()}) for pair in pairs]
    index = KnowledgeIndex.of(questions, embedded([pair.question for pair in pairs]))
    wordings = [(pair.id, wording) for pair in pairs for wording in pair.also]
    vectors = embedded([wording for _, wording in wordings])
    found = [
        index.best(vector, text=wording if letters else "")
        for vector, (_, wording) in zip(vectors, wordings, strict=True)
    ]
    return float(
        np.mean([one is not None and one.pair.id == id_ for one, (id_, _) in zip(found, wordings, strict=True)])
    )
