"""The joint model: one encoder, one pass, heads for intent, entities and sentiment, and a sentence embedding."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from services.training.models.encoder import with_new_heads
from services.training.models.pooling import AttentionPooling, mean_state, start_from_prototypes, unit
from services.training.models.task_model import TaskModel
from services.training.tasks.nlu.labels import LabelSpace

PROJECTION = "projection.safetensors"
"""Beside the encoder's own files in a directory written by ``JointModel.save``."""


def text_mask(attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
    """1 at tokens of the text itself, 0 at its context and at padding, [b, s]."""
    return attention_mask * (1 - token_type_ids)


class JointModel(TaskModel):
    """An encoder with one head per kind of label.

    The intent head is linear over the unit-length mean of the token states, the sentiment head over a learned weighted
    mean of them, the tag head over each state. The sentence embedding is a linear map of the mean, the identity at
    first; while the encoder bends towards its labels, the map is trained to give back the base model's embedding.

    What was said before a text may stand behind it (token type 1). The encoder reads it, so that it changes the states of the text's
    tokens; the heads read these alone. A text without context is read as by a model that knows of none.

    Args:
        encoder: Any transformer with ``last_hidden_state`` [b, s, d].
        labels: Decides which heads there are, and their widths.
        dropout: Of the heads and of every dropout layer of the encoder.
    """

    def __init__(self, encoder: PreTrainedModel, labels: LabelSpace, dropout: float) -> None:
        super().__init__(encoder, dropout)
        self.labels = labels
        self.dropout = nn.Dropout(dropout)
        self.intent = nn.Linear(self.width, len(labels.intents)) if labels.intents else None
        self.tags = nn.Linear(self.width, len(labels.tags)) if labels.tags else None
        self.sentiment = SentimentHead(self.width, len(labels.sentiments), dropout) if labels.sentiments else None
        self.projection = nn.Linear(self.width, self.width)
        nn.init.eye_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    @classmethod
    def load(cls, base: Path, labels: LabelSpace, dropout: float) -> JointModel:
        """Put new heads on the encoder in a directory (``config.json``, ``model.safetensors``).

        Raises:
            TrainingFailed: There is no encoder that could be read; the message names the reason.
        """
        model = with_new_heads(base, lambda encoder: cls(encoder, labels, dropout))
        if (base / PROJECTION).is_file():
            model.projection.load_state_dict(load_file(base / PROJECTION))
        return model

    def save(self, folder: Path) -> None:
        """Write encoder and projection so that ``load`` can start from them; heads belong to their labels and stay out."""
        super().save(folder)
        save_file(
            {name: tensor.contiguous() for name, tensor in self.projection.state_dict().items()}, folder / PROJECTION
        )

    def encoder_stays(self) -> None:
        """With its encoder unchanged the embedding is already the base model's."""
        self.projection.requires_grad_(requires_grad=False)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Read a batch: [b, s] int64 ids, the mask that is 1 at tokens and 0 at padding, and the types that are 1 at context.

        Returns:
            ``intent`` [b, intents], ``tags`` [b, s, tags] and ``sentiment`` [b, 3] logits, as far as there are such heads, and
            ``sentence_embedding`` [b, d] of unit length: it stays close to the base model's, so that it finds knowledge the model
            was not tuned on.
        """
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        return self.read(self.encode(input_ids, attention_mask, types), text_mask(attention_mask, types))

    def read(self, states: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """What the heads make of token states; the mask is that of the text's own tokens."""
        mean = mean_state(states, attention_mask)
        outputs = {}
        if self.intent is not None:
            outputs["intent"] = self.intent(unit(self.dropout(mean)))
        if self.tags is not None:
            outputs["tags"] = self.tags(self.dropout(states))
        if self.sentiment is not None:
            outputs["sentiment"] = self.sentiment(states, attention_mask)
        return {**outputs, "sentence_embedding": unit(self.projection(mean))}

    def start_from_prototypes(self, embeddings: Tensor, intents: Tensor) -> None:
        """Let the intent head begin at the means of its rows; see ``pooling.start_from_prototypes``."""
        if self.intent is not None:
            start_from_prototypes(self.intent, embeddings, intents)


class SentimentHead(AttentionPooling):
    """Linear over a weighted mean of the token states; the weights are learned and start equal."""

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__(width)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(width, labels)

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits [b, labels] of states [b, s, d]."""
        logits: Tensor = self.output(self.dropout(super().forward(states, attention_mask)))
        return logits
