"""A decoder as the model of a task."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import PreTrainedModel

from services.training.models.decoder import Wording, load_decoder
from services.training.models.task_model import TaskModel
from shared.artifacts.manifest import CHAT_TEMPLATE, DecoderShape

OUTPUT = "words"
"""Of the model: the logits [b, m, v] of what follows each place that is asked about."""

PADDING = -1
"""The segment of what is no text."""


class DecoderModel(TaskModel):
    """A decoder with its own head. Several texts may stand in one sequence: none of them sees another.

    Args:
        encoder: A causal language model.
        dropout: Of every dropout layer of it.
        wording: How texts look to it.
        base: Where its weights are from.
    """

    writes = True

    def __init__(self, encoder: PreTrainedModel, dropout: float, wording: Wording, base: Path) -> None:
        super().__init__(encoder, dropout)
        self.wording = wording
        self.base = base

    @classmethod
    def load(cls, base: Path, _schema: object, dropout: float) -> Self:
        """The decoder in a directory.

        Raises:
            TrainingFailed: There is none that could be read.
        """
        tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        return cls(load_decoder(base), dropout, Wording.read(base, tokenizer), base)

    @property
    def shape(self) -> DecoderShape:
        """What serving has to know of its graph."""
        heads = self.config.num_attention_heads
        return DecoderShape(
            layers=self.layers,
            kv_heads=getattr(self.config, "num_key_value_heads", None) or heads,
            head_size=getattr(self.config, "head_dim", None) or self.width // heads,
            context=self.config.max_position_embeddings,
            vocabulary=self.config.vocab_size,
            end=self.wording.end,
            begin=self.wording.begin,
        )

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        positions: Tensor | None = None,
        segments: Tensor | None = None,
        asked: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """``words`` [b, m, v]: logits of what follows the places ``asked`` [b, m], or [b, s, v] of all.

        Args:
            input_ids: [b, s]; or [b, n, s], n sequences of each example, which become rows of their own: [b n, m, v] comes out.
            attention_mask: 1 at tokens.
            token_type_ids: Not used.
            positions: Of each token in its text; without them every row is one text.
            segments: The text of each token, ``PADDING`` for none.
            asked: Places.
        """
        del token_type_ids
        ids, mask = _rows(input_ids), _rows(attention_mask)
        places = mask.cumsum(-1).sub(1).clamp(min=0) if positions is None else _rows(positions)
        texts = mask.sub(1) if segments is None else _rows(segments)
        causal = self._causal()
        states = causal.base_model(
            input_ids=ids, attention_mask=visible(texts), position_ids=places, use_cache=False
        ).last_hidden_state
        if asked is not None:
            states = states.gather(1, _rows(asked).unsqueeze(-1).expand(-1, -1, states.shape[-1]))
        return {OUTPUT: causal.get_output_embeddings()(states)}

    def save(self, folder: Path) -> None:
        """Write the decoder, and what its texts look like, so that another job can start from it."""
        super().save(folder)
        (folder / CHAT_TEMPLATE).write_text(self.wording.template.source, encoding="utf-8")

    def _causal(self) -> Any:
        """The language model within whatever a tuning has wrapped it in: that changes its layers in place."""
        encoder: Any = self.encoder
        return encoder if isinstance(encoder, PreTrainedModel) else encoder.get_base_model()


def visible(segments: Tensor) -> Tensor:
    """What each token sees, [b, 1, s, s]: those of its own text up to itself. What is no text sees itself, since nothing would be no number."""
    own = segments.unsqueeze(-1) == segments.unsqueeze(-2)
    length = segments.shape[-1]
    earlier = torch.ones(length, length, dtype=torch.bool, device=segments.device).tril()
    return (own & earlier).unsqueeze(1)


def _rows(tensor: Tensor) -> Tensor:
    return tensor.flatten(0, -2)
