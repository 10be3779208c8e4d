"""Low-rank updates (LoRA, Hu et al. 2021, arXiv:2106.09685) beside a graph that several models share, in each row of a batch those of its own model.

The graph adds ``(x @ down * mine) @ up`` to what a multiplication makes of ``x``. The factors of all models stand side by side in ``down``
and ``up``, and ``mine`` lets through what belongs to the row's model. To multiply by all of them is less work than to gather each row's
own (Chen et al. 2023, Punica, arXiv:2310.18547, has a kernel for that) while their ranks together are far below the width of the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.errors import BrokenArtifact
from shared.inference.session import FloatArray

#: Before the number of layers that a multiplication packs: an input that tells which model each row belongs to, [b, 1, n r parts].
MINE = "lora.mine."
#: Behind the name of a multiplication: its inputs for the factors of all models, [d_in, n r parts] and [n r parts, d_out].
DOWN, UP = ".down", ".up"
_ELEMENTS: Mapping[str, Any] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class Factors(NamedTuple):
    """The update of one multiplication; its scale is in ``up``.

    Attributes:
        down: [d_in, r].
        up: [r, d_out].
    """

    down: FloatArray
    up: FloatArray


Lora = Mapping[str, Factors]
"""The updates of a model, by the names of the multiplications in its graph."""


def write_lora(path: Path, lora: Lora) -> None:
    """Keep updates in a file."""
    arrays: dict[str, Any] = {f"{name}{DOWN}": one.down for name, one in lora.items()}
    arrays |= {f"{name}{UP}": one.up for name, one in lora.items()}
    np.savez(path, **arrays)


def read_lora(path: Path) -> Lora:
    """Updates from a file.

    Raises:
        BrokenArtifact: It holds none.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = sorted({name.removesuffix(DOWN) for name in arrays.files if name.endswith(DOWN)})
            return {name: Factors(arrays[f"{name}{DOWN}"], arrays[f"{name}{UP}"]) for name in names}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise BrokenArtifact(f"{path.name} holds no updates ({error}); publish the model again") from error


class LoraStacks:
    """The updates of all models that share a graph, each as wide as the widest.

    Args:
        session: Of a graph whose inputs take them.
        rows: Rows that may belong to a model each; at first all belong to the one of number 0.
    """

    def __init__(self, session: Any, rows: int) -> None:
        inputs = {tensor.name: tensor for tensor in session.get_inputs()}
        self._names = sorted(name.removesuffix(DOWN) for name in inputs if name.endswith(DOWN))
        self._sizes = {n: (inputs[f"{n}{DOWN}"].shape[0], inputs[f"{n}{UP}"].shape[1]) for n in self._names}
        self._parts = {name: parts for name in self._names if (parts := _parts_of(inputs[f"{name}{DOWN}"]))}
        self._element = _ELEMENTS[inputs[f"{self._names[0]}{DOWN}"].type]
        self._loras: list[Lora | None] = []
        self._owners = [0] * rows
        self.mine: dict[str, NDArray[Any]] = {}
        """The inputs that tell whose each row is, by name; to be bound where they lie."""

    @staticmethod
    def belong_to(session: Any) -> bool:
        """Whether a graph takes updates."""
        return any(tensor.name.startswith(MINE) for tensor in session.get_inputs())

    def put(self, lora: Lora) -> int:
        """The number of a new model among those that share the graph; ``mine`` is made anew.

        Raises:
            BrokenArtifact: It was not made for the graph.
        """
        for name, one in lora.items():
            if self._sizes.get(name) != (one.down.shape[0], one.up.shape[1]) or one.down.shape[1] != one.up.shape[0]:
                raise BrokenArtifact(f"the update of {name} does not fit the graph; publish the model again")
        number = self._loras.index(None) if None in self._loras else len(self._loras)
        self._loras[number:] = [lora, *self._loras[number + 1 :]]
        self._own_again()
        return number

    def drop(self, number: int) -> None:
        """Forget a model; the next one may have its number."""
        self._loras[number] = None
        self._own_again()

    def own(self, row: int, number: int) -> None:
        """Let a row belong to a model."""
        self._owners[row] = number
        for name, mine in self.mine.items():
            width = self._rank * int(name.removeprefix(MINE))
            mine[row] = 0
            mine[row, 0, number * width : (number + 1) * width] = 1

    def _own_again(self) -> None:
        wide = len(self._loras) * self._rank
        self.mine = {
            f"{MINE}{parts}": np.zeros((len(self._owners), 1, wide * parts), self._element)
            for parts in set(self._parts.values())
        }
        for row, number in enumerate(self._owners):
            self.own(row, number)

    @property
    def _rank(self) -> int:
        """Of a single layer, in the widest of the models."""
        updates = ((name, one) for lora in self._loras if lora is not None for name, one in lora.items())
        return max((-(-one.down.shape[1] // self._parts[name]) for name, one in updates), default=1)

    def factors(self) -> dict[str, NDArray[Any]]:
        """The inputs of the graph but ``mine``."""
        found: dict[str, NDArray[Any]] = {}
        rank = self._rank
        for name in self._names:
            updates = [None if lora is None else lora.get(name) for lora in self._loras]
            stacked = self._stacked(updates, rank * self._parts[name], *self._sizes[name])
            found[f"{name}{DOWN}"], found[f"{name}{UP}"] = stacked
        return found

    def _stacked(
        self, updates: Sequence[Factors | None], width: int, wide: int, out: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        down = np.zeros((wide, width * len(updates)), self._element)
        up = np.zeros((width * len(updates), out), self._element)
        for number, one in enumerate(updates):
            if one is not None:
                place = slice(number * width, number * width + one.down.shape[1])
                down[:, place], up[place] = one.down, one.up
        return down, up


def _parts_of(tensor: Any) -> int:
    """How many layers a multiplication packs, as the name of its free dimension tells."""
    return int(str(tensor.shape[1]).removeprefix(MINE))
