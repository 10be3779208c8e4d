"""The decoder in a directory: loaded without anything that could run, and what it says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from shared.artifacts.manifest import CHAT_TEMPLATE
from shared.decoding.chat_template import PLAIN, BadTemplate, ChatTemplate
from shared.errors import TrainingFailed

#: Families whose attention is whole and causal, and which the export knows.
FAMILIES = ("llama", "qwen2", "qwen3", "mistral", "gpt2")

#: What a template is tried out with.
_PROBE = ({"role": "user", "content": "question"}, {"role": "assistant", "content": "answer"})


def load_decoder(base: Path) -> PreTrainedModel:
    """The decoder in a directory (``config.json``, ``model.safetensors``), with the head that tells words.

    Raises:
        TrainingFailed: There is none that could be read, or it is of no family that is known here.
    """
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        config = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False)
        if config.model_type not in FAMILIES:
            raise TrainingFailed(
                f"The base model {base.name} is {config.model_type}; models that write are of {', '.join(FAMILIES)}. Choose one of these.",
                param="model",
            )
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            base,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="sdpa",
            dtype=torch.float32,
        )
    except (OSError, ValueError, KeyError) as error:
        raise TrainingFailed(f"The base model {base.name} cannot be read: {error}", param="model") from error
    if getattr(model.config, "use_sliding_window", False) or getattr(model.config, "sliding_window", None):
        model.config.sliding_window = None  # texts are never longer than its window here
    return model


@dataclass(frozen=True)
class Wording:
    """How texts look to a decoder.

    Attributes:
        template: Of conversations.
        begin: The token that a text begins with, if any.
        end: The tokens that end an answer, the one that its template ends a turn with first.
    """

    template: ChatTemplate
    begin: int | None
    end: tuple[int, ...]

    @classmethod
    def read(cls, base: Path, tokenizer: Tokenizer) -> Wording:
        """What the files of a base model say.

        Raises:
            TrainingFailed: They name no token that ends a text, or the template cannot be used.
        """
        config, generation = read_json(base / "config.json"), read_json(base / "generation_config.json")
        begin = config.get("bos_token_id")
        end = token_ids(generation.get("eos_token_id")) or token_ids(config.get("eos_token_id"))
        if not end:
            raise TrainingFailed(
                f"The base model {base.name} names no token that ends a text (eos_token_id in config.json). Name one, or choose another.",
                param="model",
            )
        template = ChatTemplate.of(_source(base), tokenizer, begin=begin, end=end[0])
        try:
            turn = _end_of_turn(template, tokenizer)
        except BadTemplate as error:
            raise TrainingFailed(f"The base model {base.name} cannot be used: {error}.", param="model") from error
        ends = end if turn is None else (turn, *(token for token in end if token != turn))
        return cls(template, begin, ends)


def _end_of_turn(template: ChatTemplate, tokenizer: Tokenizer) -> int | None:
    """The special token behind an answer, if there is one."""
    _, _, behind = template.render(_PROBE).rpartition("answer")
    special = {token.content: number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    places = {behind.find(text): number for text, number in special.items() if text in behind}
    return places[min(places)] if places else None


def _source(base: Path) -> str:
    """The chat template of a base model: a file of its own, or a field of ``tokenizer_config.json``."""
    file = base / CHAT_TEMPLATE
    if file.is_file():
        return file.read_text(encoding="utf-8")
    source = read_json(base / "tokenizer_config.json").get("chat_template")
    return source if isinstance(source, str) else PLAIN


def read_json(path: Path) -> dict[str, Any]:
    """What a file of a base model says; nothing if it is missing."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # all but config.json may be missing, and that is read by transformers too
    return found


def token_ids(value: object) -> tuple[int, ...]:
    """Ids of tokens as configurations have them: one, several or none."""
    if isinstance(value, int):
        return (value,)
    return tuple(token for token in value if isinstance(token, int)) if isinstance(value, list) else ()
