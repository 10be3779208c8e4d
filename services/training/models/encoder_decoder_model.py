"""An encoder-decoder as the model of a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from torch import Tensor, nn
from transformers import PreTrainedModel

from services.training.models.encoder_decoder import Framing, load_encoder_decoder
from services.training.models.task_model import TaskModel
from shared.artifacts.manifest import EncoderDecoderShape

OUTPUT = "words"
"""Of the model: the logits [b, t, v] of what follows each token of the target."""

#: Tokens that a model writes at most whose places are distances.
_CONTEXT = 1024


class EncoderDecoderModel(TaskModel):
    """An encoder-decoder with its own head.

    Args:
        encoder: The whole of it.
        dropout: Of every dropout layer of it.
        framing: What stands around the texts that it writes.
    """

    writes = True

    def __init__(self, encoder: PreTrainedModel, dropout: float, framing: Framing) -> None:
        super().__init__(encoder, dropout)
        self.framing = framing
        self.layers = len(self.stack)
        for module in encoder.modules():
            if isinstance(getattr(module, "dropout", None), float):  # BART's is a number, not a layer
                module.dropout = dropout  # type: ignore[assignment]  # modules take anything

    @classmethod
    def load(cls, base: Path, _schema: object, dropout: float) -> Self:
        """The encoder-decoder in a directory.

        Raises:
            TrainingFailed: There is none that could be read.
        """
        return cls(load_encoder_decoder(base), dropout, Framing.read(base))

    @property
    def shape(self) -> EncoderDecoderShape:
        """What serving has to know of its graphs."""
        config = self.config
        heads = getattr(config, "decoder_attention_heads", None) or config.num_attention_heads
        return EncoderDecoderShape(
            layers=len(_stack_of(self.whole.get_decoder())),
            heads=heads,
            head_size=getattr(config, "d_kv", None) or self.width // heads,
            context=min(self.framing.longest or _CONTEXT, _CONTEXT),
            vocabulary=config.vocab_size,
            begin=self.framing.begin,
            end=self.framing.end,
        )

    @property
    def stack(self) -> Sequence[nn.Module]:
        """The layers of the encoder, and above them those of the decoder."""
        whole = self.whole
        return [*_stack_of(whole.get_encoder()), *_stack_of(whole.get_decoder())]

    @property
    def whole(self) -> Any:
        """The model within whatever a tuning has wrapped it in: that changes its layers in place."""
        encoder: Any = self.encoder
        return encoder if isinstance(encoder, PreTrainedModel) else encoder.get_base_model()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """``words`` [b, t, v]: logits of what follows each token of ``targets`` [b, t], which begin as ``Framing.begin`` says."""
        del token_type_ids
        found = self.whole(
            input_ids=input_ids, attention_mask=attention_mask, decoder_input_ids=targets, use_cache=False
        )
        return {OUTPUT: found.logits}


def _stack_of(module: Any) -> nn.ModuleList:
    stack: nn.ModuleList = module.block if hasattr(module, "block") else module.layers
    return stack
