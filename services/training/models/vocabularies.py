"""Smaller word tables: a tokenizer and an encoder that know fewer tokens, cut together so that no id means another word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from services.training.models.encoder import word_table
from shared.errors import TrainingFailed

_TOKENIZER = "tokenizer.json"


def trim(encoder: PreTrainedModel, source: Path, target: Path, used: Set[int], most: int) -> int:
    """Give an encoder the word table of a smaller vocabulary, and write its ``tokenizer.json``.

    Kept are the tokens that the training rows use, so that these are cut as before; the special ones; whatever is needed to cut any other
    word, letter by letter if need be; and of the rest those that the vocabulary has first, which are the commonest.

    Args:
        encoder: Changed in place.
        source: The directory with the ``tokenizer.json`` that belongs to it.
        target: The directory for the new one.
        used: The tokens of the training rows.
        most: Tokens in all; those that have to be kept are kept even if they are more.

    Returns:
        How many are left.

    Raises:
        TrainingFailed: The tokenizer cuts words by other rules than WordPiece's, of which tokens can be left out one by one.
    """
    document = json.loads((source / _TOKENIZER).read_text(encoding="utf-8"))
    if document["model"].get("type") != "WordPiece":
        raise TrainingFailed(
            f"The tokenizer of the base model is {document['model'].get('type')}; only a WordPiece one can be trimmed. Leave tuning.vocabulary out.",
            param="tuning.vocabulary",
        )
    kept = _kept(document, used, most)
    places = {old: new for new, old in enumerate(kept)}
    _renumber(document, places)
    (target / _TOKENIZER).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    _cut(encoder, kept, places)
    return len(kept)


def _kept(document: Mapping[str, Any], used: Set[int], most: int) -> list[int]:
    """The ids that stay, in their order."""
    vocabulary: dict[str, int] = document["model"]["vocab"]
    prefix: str = document["model"]["continuing_subword_prefix"]
    letters = {
        token for token in vocabulary if len(token) == 1 or (token.startswith(prefix) and len(token) == len(prefix) + 1)
    }
    special = {token["id"] for token in document["added_tokens"]} | {vocabulary[document["model"]["unk_token"]]}
    needed = {vocabulary[token] for token in vocabulary if token in letters or not _is_spelled(token, prefix, letters)}
    kept = set(used) | special | needed
    rest = sorted(place for token, place in vocabulary.items() if place not in kept and not token.startswith("[unused"))
    return sorted(kept | set(rest[: max(0, most - len(kept))]))


def _is_spelled(token: str, prefix: str, letters: Set[str]) -> bool:
    """Whether a token could also be cut into single letters."""
    if token.startswith("[unused"):
        return True
    goes_on = token.startswith(prefix) and len(token) > len(prefix)
    word = token.removeprefix(prefix) if goes_on else token
    return all((prefix + letter if goes_on or place else letter) in letters for place, letter in enumerate(word))


def _renumber(document: dict[str, Any], places: Mapping[int, int]) -> None:
    """Give every id that a tokenizer's document holds its new number."""
    model = document["model"]
    model["vocab"] = {token: places[old] for token, old in model["vocab"].items() if old in places}
    for token in document["added_tokens"]:
        token["id"] = places[token["id"]]
    if document.get("padding"):
        document["padding"]["pad_id"] = places[document["padding"]["pad_id"]]
    behind = document.get("post_processor") or {}
    for special in behind.get("special_tokens", {}).values():
        special["ids"] = [places[old] for old in special["ids"]]
    for end in ("sep", "cls"):
        if end in behind:
            behind[end] = [behind[end][0], places[behind[end][1]]]


def _cut(encoder: PreTrainedModel, kept: list[int], places: Mapping[int, int]) -> None:
    table = word_table(encoder).detach()[torch.tensor(kept)].clone()
    padding = places.get(getattr(encoder.get_input_embeddings(), "padding_idx", None) or 0)
    encoder.set_input_embeddings(nn.Embedding(len(kept), table.shape[1], padding_idx=padding, _weight=table))
    encoder.config.vocab_size = len(kept)
    for name in ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"):
        old = getattr(encoder.config, name, None)
        if isinstance(old, int):
            setattr(encoder.config, name, places.get(old))
