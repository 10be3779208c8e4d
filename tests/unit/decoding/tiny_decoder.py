"""A Llama of two layers with random weights, exported as training exports it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from shared.artifacts.manifest import DecoderShape
from shared.decoding.tokenizer import DecoderTokens

CONTEXT = 1024
TEXTS = ("hello world, this is a small text", "你好，世界。今天天气很好")


@dataclass(frozen=True)
class TinyDecoder:
    """A graph, what its bundle would say of it, and the model that it was made of."""

    path: Path
    shape: DecoderShape
    model: Any
    tokens: DecoderTokens

    def greedy(self, prompt: list[int], tokens: int) -> list[int]:
        """What transformers goes on with, the end token taken for any other."""
        found = self.model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=tokens,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        )
        ids: list[int] = found[0, len(prompt) :].tolist()
        return ids


def tiny_decoder(folder: Path) -> TinyDecoder:
    """Make one, deterministic; the weights are large enough for every token to depend on all before it."""
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
        initializer_range=0.2,
    )
    return random_decoder(folder, config)


def random_decoder(folder: Path, config: LlamaConfig) -> TinyDecoder:
    """A Llama with random weights; its tokenizer may know fewer tokens than it."""
    torch.manual_seed(7)
    model: Any = LlamaForCausalLM(config)
    model.eval()
    source = folder / "source"
    model.save_pretrained(source)
    names = {"bos_token": "<|begin|>", "eos_token": "<|end|>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=_tokenizer(), **names)  # type: ignore[no-untyped-call]
    fast.save_pretrained(source)
    build(source, folder / "graph", folder / "cache")
    # No end: a model that writes at random would stop at once, and the tests say themselves where it shall.
    shape = DecoderShape(
        layers=config.num_hidden_layers,
        kv_heads=config.num_key_value_heads,
        head_size=config.hidden_size // config.num_attention_heads,
        context=config.max_position_embeddings,
        vocabulary=config.vocab_size,
        end=(),
    )
    tokens = DecoderTokens.from_file(source / "tokenizer.json")
    return TinyDecoder(folder / "graph" / "model.onnx", shape, model, tokens)


def build(source: Path, target: Path, cache: Path) -> None:
    """Export a model of transformers with the builder of onnxruntime-genai."""
    cache.mkdir(exist_ok=True)
    module = "onnxruntime_genai.models.builder"
    options = ["-i", str(source), "-o", str(target), "-p", "fp32", "-e", "cpu", "-c", str(cache)]
    done = subprocess.run([sys.executable, "-m", module, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|pad|>", "<|begin|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS * 20, trainer)
    return tokenizer
