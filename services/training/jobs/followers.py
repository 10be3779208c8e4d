"""The other processes of a job that trains on several devices: they make the same job, silently, up to the end of its training."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from services.training.jobs.child import GRACE_SECONDS
from services.training.settings import TrainingSettings
from shared.telemetry import logs


@contextmanager
def following(
    job_id: str, token: str, size: int, settings: TrainingSettings, lost: Callable[[str], None]
) -> Iterator[int]:
    """Start all processes of a job but the first; on exit they are gone. Yields the port where they meet.

    They belong to the process group of the first one, so that whoever kills that kills them; and they end by themselves when it is gone.

    Args:
        job_id: The claimed job.
        token: The token of the claim.
        size: Processes in all.
        settings: Handed on.
        lost: Called, from another thread, with the reason when one of them was killed or could not begin: the others would wait for it for ever.
    """
    port = free_port()
    ending = Event()
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                *("-m", "services.training.jobs.follower_main"),
                *(job_id, token, str(rank), str(size), str(port)),
            ],
            env=settings.child_environment(),
            stdin=subprocess.PIPE,  # never written to: that it closes tells of our death
            stdout=logs.descriptor(),
            stderr=logs.descriptor(),
        )
        for rank in range(1, size)
    ]
    for process in processes:
        Thread(target=_watch, args=(process, ending, lost), daemon=True).start()
    try:
        yield port
    finally:
        ending.set()
        for process in processes:
            _end(process)


def _watch(process: subprocess.Popen[bytes], ending: Event, lost: Callable[[str], None]) -> None:
    status = process.wait()
    if status and not ending.is_set():
        how = f"was killed ({signal.Signals(-status).name})" if status < 0 else "could not begin; its log says why"
        lost(f"a process that trains beside this one {how}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
