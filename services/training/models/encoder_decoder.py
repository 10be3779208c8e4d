"""The encoder-decoder in a directory: loaded without anything that could run, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSeq2SeqLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from services.training.models.decoder import read_json, token_ids
from shared.errors import TrainingFailed

#: Families that the export knows.
FAMILIES = ("t5", "mt5", "bart")


def load_encoder_decoder(base: Path) -> PreTrainedModel:
    """The encoder-decoder in a directory (``config.json``, ``model.safetensors``), with the head that tells words.

    Raises:
        TrainingFailed: There is none that could be read, or it is of no family that is known here.
    """
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        config = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False)
        if config.model_type not in FAMILIES:
            raise TrainingFailed(
                f"The base model {base.name} is {config.model_type}; models of task 'seq2seq' are of {', '.join(FAMILIES)}. "
                "Choose one of these, or 'tiny'.",
                param="model",
            )
        model: PreTrainedModel = AutoModelForSeq2SeqLM.from_pretrained(
            base,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="eager",  # as it is exported
            dtype=torch.float32,
        )
    except (OSError, ValueError, KeyError) as error:
        raise TrainingFailed(f"The base model {base.name} cannot be read: {error}", param="model") from error
    return model


@dataclass(frozen=True, slots=True)
class Framing:
    """What stands around the texts that an encoder-decoder writes.

    Attributes:
        begin: Tokens that it is given: the one that its decoder starts with, and where its family always writes a token first, that one.
        end: Tokens that end a text; the first one is learned.
        longest: Tokens that it can read or write; ``None``: any number.
    """

    begin: tuple[int, ...]
    end: tuple[int, ...]
    longest: int | None

    @classmethod
    def read(cls, base: Path) -> Framing:
        """What the files of a base model say.

        Raises:
            TrainingFailed: They name no token that starts or ends a text.
        """
        config, generation = read_json(base / "config.json"), read_json(base / "generation_config.json")

        def said(name: str) -> tuple[int, ...]:
            return token_ids(generation.get(name)) or token_ids(config.get(name))

        # T5 starts with its padding, and older files of it do not say so.
        start = said("decoder_start_token_id") or said("pad_token_id")
        end = said("eos_token_id")
        if not start or not end:
            missing = "eos_token_id" if start else "decoder_start_token_id"
            raise TrainingFailed(
                f"The base model {base.name} does not say how texts begin and end ({missing} in config.json). Name it, or choose another.",
                param="model",
            )
        return cls((*start[:1], *said("forced_bos_token_id")[:1]), end, _longest(config))


def _longest(config: dict[str, Any]) -> int | None:
    """Learned places end somewhere; those of T5 are distances."""
    found = config.get("max_position_embeddings")
    return found if isinstance(found, int) else None
