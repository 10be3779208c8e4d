"""Several processes train as one does: real ones, that meet by gloo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from services.training.fitting.batching import batches
from services.training.fitting.group import ALONE, Group
from services.training.jobs.followers import free_port
from tests.task_bundles import Made
from tests.unit.training.fitting.side_by_side import CASES, trained
from tests.unit.training.tiny_base import base_of

_SIZE = 2


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bases")
    for name, task in (("reads", "nlu"), ("goes-on", "text_generation"), ("writes", "seq2seq")):
        base_of(task, folder / name)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def found(bases: Path) -> list[dict[str, Any]]:
    """What each process tells of all cases."""
    port = str(free_port())
    command = [sys.executable, "-m", "tests.unit.training.fitting.side_by_side"]
    processes = [
        subprocess.Popen([*command, str(rank), str(_SIZE), port, str(bases)], stdout=subprocess.PIPE, text=True)
        for rank in range(_SIZE)
    ]
    told = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * _SIZE
    return [json.loads(lines.splitlines()[-1]) for lines in told]


@pytest.mark.parametrize("case", CASES)
def test_processes_that_share_a_batch_have_the_losses_of_one_that_has_it_all(
    case: str, bases: Path, found: list[dict[str, Any]]
) -> None:
    alone = trained(case, bases)

    for one in found:
        # Where the processor multiplies bfloat16, batches of another shape round otherwise, and an adversary makes more of it.
        assert one[case]["losses"] == pytest.approx(alone["losses"], rel=2e-2)
        assert one[case]["losses"][0] == pytest.approx(alone["losses"][0], rel=1e-3)
        assert one[case]["steps"] == alone["steps"]
    assert len(set(alone["losses"])) > 1, "it learns"
    assert found[0][case]["scores"] == found[1][case]["scores"] == pytest.approx(alone["scores"], abs=0.05)


def test_a_gradient_is_the_sum_of_what_all_have_found() -> None:
    """One process of one: what is there stays, and what nobody has a gradient of keeps none."""
    first, second = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    first.grad = torch.tensor([1.0, 2.0])
    ALONE.begin([first, second])
    assert ALONE.sum(0.5, [first, second], torch.device("cpu")) == 0.5
    assert first.grad.tolist() == [1.0, 2.0]
    assert second.grad is None


def test_every_row_is_one_process_s(bases: Path) -> None:
    made = Made.on(bases / "reads", "nlu")
    batch = next(batches(made.examples[:5], 5, made.task.collate))
    shares = [Group(rank, 4).share(batch) for rank in range(4)]
    assert sorted(place for one in shares for place in one.positions.tolist()) == list(range(5))
    assert [len(one) for one in shares] == [2, 1, 1, 1]
    assert [*Group(3, 4).share(shares[1]).chunks(2)] == []
