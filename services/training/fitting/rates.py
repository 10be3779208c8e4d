"""What a way of tuning bears; the recipe makes the numbers of a run of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """What a tuning bears.

    Attributes:
        encoder: Peak learning rate of what it trains in the encoder.
        moves_words: Whether every weight of the encoder moves: then a wider one bears less, and labels that are learned last may be given
            twice the rates.
        epochs: Passes over the rows, where they do not follow from their number.
        more_epochs: How many times as many passes as full tuning takes: few weights need more steps.
    """

    encoder: float
    moves_words: bool = False
    epochs: int | None = None
    more_epochs: float = 1.0
