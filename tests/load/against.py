"""``python -m tests.load.against REVISION``: what a chat turn costs beside what it cost at another revision, in one run.

The other revision is checked out beside this tree and runs with this tree's environment. Both stacks run at once, on the same
broker and database; the same clients ask them in turn, so that whatever else the machine does meets both. Figures are medians of the
rounds. The model's share is what the ONNX model takes alone at its best batch for one text, measured around each round.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from shared.artifacts.bundle import Bundle
from tests.end_to_end.platforms import ADMIN_KEY
from tests.load.chat_client import Seen, texts
from tests.load.chat_limit import Limit
from tests.load.chat_model import FOLDER
from tests.load.chat_stack import load
from tests.load.chat_training import ensure_bundle

_CHECKOUTS = Path("build/load/revisions")
_CLIENTS = (1, 64, 256)
#: Services whose memory is added up.
_SERVICES = ("gateway", "nlu", "generation", "monitoring")


@dataclass(frozen=True)
class Round:
    """One measurement of one side."""

    seen: Seen
    cpu: dict[str, float]
    """Microseconds a turn, by process."""
    limit: float
    """Texts a second that the model alone reads."""

    @property
    def beside(self) -> float:
        """Microseconds of CPU a turn beside the model's own, the clients' left out."""
        return sum(self.cpu.values()) - 1e6 * (os.cpu_count() or 1) / self.limit

    @property
    def share(self) -> float:
        """Turns a second over the texts a second of the model alone."""
        return self.seen.rate / self.limit


@dataclass
class Side:
    """A stack of one revision.

    Attributes:
        name: Of the revision.
        process: ``against_side``.
        port: Of its gateway.
        rounds: Its measurements, by clients.
    """

    name: str
    process: subprocess.Popen[str]
    port: int
    rounds: dict[int, list[Round]] = field(default_factory=dict)

    def measure(self, clients: int, seconds: float, limit: Limit) -> None:
        """One more round."""
        most, before = limit.rate(), self.cost()["cpu"]
        seen = load(self.port, ADMIN_KEY, clients=clients, seconds=seconds)
        after = self.cost()["cpu"]
        most = (most + limit.rate()) / 2
        turns = max(seen.answered, 1)
        spent = {name: 1e6 * (after[name] - before.get(name, 0.0)) / turns for name in after}
        self.rounds.setdefault(clients, []).append(Round(seen, spent, most))

    def cost(self) -> dict[str, dict[str, float]]:
        """CPU seconds and bytes so far, by process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(file=self.process.stdin, flush=True)
        cost: dict[str, dict[str, float]] = json.loads(self.process.stdout.readline())
        return cost


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement (default: 8)")
    parser.add_argument("--clients", type=int, nargs="+", default=list(_CLIENTS))
    options = parser.parse_args()
    ensure_bundle()
    limit = Limit(Bundle.open(FOLDER), texts(), os.cpu_count() or 1)
    with ExitStack() as stack:
        trees = (("now", Path.cwd()), (options.revision, _checked_out(options.revision)))
        sides = [stack.enter_context(_serving(name, tree)) for name, tree in trees]
        for _ in range(options.rounds):
            for clients in options.clients:
                for side in sides:
                    side.measure(clients, options.seconds, limit)
        _show(sides, options.clients)


def _checked_out(revision: str) -> Path:
    folder = _CHECKOUTS.resolve() / revision
    if not folder.is_dir():
        subprocess.run(["git", "worktree", "add", "--detach", str(folder), revision], check=True)
    return folder


@contextmanager
def _serving(name: str, tree: Path) -> Iterator[Side]:
    environment = os.environ | {"PYTHONPATH": str(tree)}
    script = Path(__file__).with_name("against_side.py")
    # -P: the folder of the script belongs to this tree, and must not come before the other one.
    command = [sys.executable, "-P", str(script)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tree, env=environment, **pipes) as process:
        try:
            assert process.stdout is not None
            yield Side(name, process, json.loads(process.stdout.readline())["port"])
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)


def _show(sides: Sequence[Side], all_clients: Sequence[int]) -> None:
    now, before = sides
    print(f"{'clients':>8}  {'figure':<28}{'now':>10}{before.name:>10}{'ratio':>8}")
    for clients in all_clients:
        pair = [_figures(side.rounds[clients]) for side in sides]
        for name, ours in pair[0].items():
            theirs = pair[1].get(name, 0.0)
            print(f"{clients:>8}  {name:<28}{ours:>10.2f}{theirs:>10.2f}{ours / theirs if theirs else 0.0:>8.2f}")
    megabytes = [sum(side.cost()["bytes"][name] for name in _SERVICES) / 1e6 for side in (now, before)]
    print(
        f"{'':>8}  {'MB of the services':<28}{megabytes[0]:>10.0f}{megabytes[1]:>10.0f}{megabytes[0] / megabytes[1]:>8.2f}"
    )


def _figures(rounds: Sequence[Round]) -> dict[str, float]:
    found = {
        "turns/s": median(one.seen.rate for one in rounds),
        "of the limit": median(one.share for one in rounds),
        "p50 ms": median(one.seen.p50 for one in rounds),
        "p99 ms": median(one.seen.p99 for one in rounds),
        "CPU us beside the model": median(one.beside for one in rounds),
    }
    return found | {f"CPU us {name}": median(one.cpu[name] for one in rounds) for name in rounds[0].cpu}


if __name__ == "__main__":
    main()
