"""Adversarial training: a second look at each batch, with its words moved to where the model errs more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def moved_against(embeddings: Tensor, distance: float) -> Iterator[None]:
    """Move word embeddings, for the time being, in the direction in which the loss of a batch grows fastest.

    The fast gradient method of Miyato et al. 2017 (arXiv:1605.07725), over the table instead of each text's own vectors: a
    word is moved alike wherever it stands in the batch. Afterwards the table is, to the bit, what it was.

    Args:
        embeddings: [v, d] the table, with the batch's gradient in ``grad``. Words that do not occur have none, and stay.
        distance: How far the table is moved in all (L2).
    """
    with torch.no_grad():
        original = embeddings.detach().clone()
        embeddings.add_(_direction(embeddings), alpha=distance)
    try:
        yield
    finally:
        with torch.no_grad():
            embeddings.copy_(original)


def _direction(embeddings: Tensor) -> Tensor:
    """The gradient at length one; zeros where there is none, or none to divide by."""
    gradient = torch.zeros_like(embeddings) if embeddings.grad is None else embeddings.grad
    norm = gradient.norm()
    return gradient / norm if norm > 0 and norm.isfinite() else torch.zeros_like(gradient)
