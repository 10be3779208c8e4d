"""The tokenizer of a base model, as training uses it."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer

from shared.errors import TrainingFailed
from shared.inference.tokens import Tokens


class TextEncoder:
    """Cuts texts into the tokens of a base model.

    Args:
        tokenizer: Changed in place: padding and truncation that its file carries are replaced. (MiniLM's pads every
            text to 128 tokens, eight times the work on short ones.)
        max_length: Tokens kept of each text, special tokens and context included.
        base: The directory of the base model that it belongs to, for who reads more of that; ``None``: it came alone.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int, base: Path | None = None) -> None:
        self.base = base
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.tokens = Tokens(tokenizer, max_length)

    @classmethod
    def load(cls, base: Path, max_length: int) -> TextEncoder:
        """The tokenizer of a base model's directory.

        Raises:
            TrainingFailed: There is no ``tokenizer.json``.
        """
        file = base / "tokenizer.json"
        if not file.is_file():
            raise TrainingFailed(
                f"The base model {base.name} has no tokenizer.json. Choose one that ships a fast tokenizer.",
                param="model",
            )
        return cls(Tokenizer.from_file(str(file)), max_length, base)

    def save(self, path: Path) -> None:
        """Write the tokenizer without padding and truncation: who reads it sets his own."""
        plain = Tokenizer.from_str(self.tokenizer.to_str())
        plain.no_padding()
        plain.no_truncation()
        plain.save(str(path))
