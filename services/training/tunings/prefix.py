"""Virtual keys and values before the text are trained, in every layer, and the heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from services.training.fitting.rates import Rates
from services.training.models.task_model import TaskModel
from services.training.tunings.tuning import Tuning
from shared.contracts.training.tunings import Prefix
from shared.errors import TrainingFailed

#: Spread of the first keys and values: so small that the text is hardly disturbed by them.
_SPREAD = 0.02


class PrefixedEncoder(nn.Module):
    """An encoder whose layers find learned keys and values before those of each text, as a decoder finds those of the tokens before.

    (peft's own prefix tuning leaves the types of tokens out, by which a text is told from its context.)

    Args:
        encoder: Frozen.
        tokens: How many keys and values a layer has.
    """

    def __init__(self, encoder: PreTrainedModel, tokens: int) -> None:
        super().__init__()
        self.encoder = encoder
        config, device = encoder.config, next(encoder.parameters()).device
        heads, layers = config.num_attention_heads, config.num_hidden_layers
        shape = (layers, 2, heads, tokens, config.hidden_size // heads)
        self.states = nn.Parameter(_SPREAD * torch.randn(shape, device=device))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **types: Tensor) -> BaseModelOutput:
        """The states [b, s, d] of the texts."""
        rows, count = input_ids.shape[0], self.states.shape[3]
        cache = DynamicCache()
        for layer, pair in enumerate(self.states):
            keys, values = pair.unsqueeze(1).expand(-1, rows, -1, -1, -1)
            cache.update(keys, values, layer)
        seen = torch.cat([attention_mask.new_ones(rows, count), attention_mask], dim=1)
        found = self.encoder(input_ids=input_ids, attention_mask=seen, past_key_values=cache, **types)
        return BaseModelOutput(last_hidden_state=found.last_hidden_state)


class PrefixTuning(Tuning):
    """Prefix tuning: keys and values stay in the graph, as constants.

    Args:
        spec: How many.
    """

    rates = Rates(encoder=1e-2, more_epochs=2.0)

    def __init__(self, spec: Prefix) -> None:
        self.spec = spec

    def apply(self, model: TaskModel, occurring: Tensor, steps: int) -> None:
        """Freeze the encoder, and put keys and values before those of what it reads."""
        del steps
        if not isinstance(model.encoder, PreTrainedModel):
            raise TypeError("The encoder is wrapped already.")
        model.encoder.requires_grad_(requires_grad=False)
        model.encoder = PrefixedEncoder(model.encoder, self.spec.tokens)
        if not _is_read(model.encoder, occurring[:3].unsqueeze(0).to(model.device)):
            raise TrainingFailed(
                "The base model's layers read no keys and values but those of the text. Use tuning 'prompt' or 'lora'.",
                param="tuning.type",
            )


@torch.no_grad()
def _is_read(encoder: PrefixedEncoder, ids: Tensor) -> bool:
    """Whether other keys and values change anything: an encoder may take them and look away."""
    was_training = encoder.training
    encoder.eval()
    try:
        before = encoder(ids, torch.ones_like(ids)).last_hidden_state
        encoder.states.mul_(-100.0)
        after = encoder(ids, torch.ones_like(ids)).last_hidden_state
        encoder.states.div_(-100.0)
    except (RuntimeError, TypeError, ValueError):
        return False
    finally:
        encoder.train(was_training)
    return not torch.allclose(before, after, atol=1e-6)
