"""Texts longer than a model reads at once."""

from __future__ import annotations

from collections.abc import Sequence

from services.training.models.text_encoder import TextEncoder


def overlong(texts: Sequence[str], encoder: TextEncoder) -> int:
    """How many texts do not fit into one window."""
    return sum(len(windows) > 1 for windows in encoder.tokens.windows(texts))


def overlong_warning(rows: int, max_length: int, *, lost: str = "") -> str:
    """What the owner of a job should know of rows that are cut; ``lost`` says what lies behind the cut."""
    return (
        f"{rows} rows are longer than schedule.max_length ({max_length} tokens): only their beginnings are trained on{lost}. "
        "Raise it, or split the rows; when the model serves, long texts are read in windows to their end."
    )
