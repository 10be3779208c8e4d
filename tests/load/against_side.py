"""One side of ``tests.load.against``: serves the chat stack of the tree that it is run in.

It runs with the modules of that tree, which may be an older one, so that it uses only what all of them have. It prints where the
gateway listens, then, for each line on standard input, the seconds of CPU of each process so far and the memory of ours.
"""

from __future__ import annotations

import json
import sys

import psutil

from shared.artifacts.bundle import Bundle
from tests.load.chat import serving
from tests.load.chat_model import FOLDER
from tests.load.chat_stack import Stack
from tests.load.chat_training import ensure_bundle


def main() -> None:
    """Serve until standard input ends."""
    sys.stdout, answers = sys.stderr, sys.stdout  # what is printed on the way is not for the other side
    ensure_bundle()
    with serving("stack", Bundle.open(FOLDER)) as running:
        print(json.dumps({"port": running.port}), file=answers, flush=True)
        for _ in sys.stdin:
            print(json.dumps(_cost(running)), file=answers, flush=True)


def _cost(running: Stack) -> dict[str, dict[str, float]]:
    processes = {name: psutil.Process(process.pid) for name, process in running.platform.processes.items()}
    memory = {name: float(process.memory_info().rss) for name, process in processes.items()}
    return {"cpu": running._cpu(), "bytes": memory}


if __name__ == "__main__":
    main()
