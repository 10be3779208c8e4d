"""What everything but its own task knows of a row, whatever it is labelled with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from typing import Protocol, Self, TypeVar

from shared.contracts.chat.understanding import OUT_OF_SCOPE


class LabelledRow(Protocol):
    """A row of some task."""

    @property
    def key(self) -> str:
        """What rows with the same texts share, as a model reads them."""

    @property
    def stratum(self) -> str:
        """What rows are held out evenly by."""

    def head_labels(self) -> Iterator[tuple[str, str]]:
        """Every label with the name of what it labels (its head)."""

    def without(self, labels: Mapping[str, Set[str]]) -> Self | None:
        """The row without some labels, by head; ``None`` if none is left."""

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The row with each of its texts changed to one of the same length."""


class Unlabelled:
    """A row that says something else than a label: nothing to be held out evenly by, nothing to be left out."""

    __slots__ = ()

    @property
    def stratum(self) -> str:
        """None."""
        return ""

    def head_labels(self) -> Iterator[tuple[str, str]]:
        """None."""
        return iter(())

    def without(self, labels: Mapping[str, Set[str]]) -> Self:
        """The row as it is."""
        del labels
        return self


def learned_labels(row: LabelledRow) -> Iterator[tuple[str, str]]:
    """Every label of a row that is a class to be learned, with its head; belonging to no intent is none."""
    return (pair for pair in row.head_labels() if pair != ("intent", OUT_OF_SCOPE))


RowT = TypeVar("RowT", bound=LabelledRow)
