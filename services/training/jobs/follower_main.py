"""``python -m services.training.jobs.follower_main JOB_ID LEASE_TOKEN RANK SIZE PORT``: one of the processes that train a job beside its first one."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

from services.training.jobs.lease import JobLease
from services.training.settings import TrainingSettings
from shared.process import stop_signals
from shared.quiet import keep_at_home
from shared.retrying import retry_while_unavailable
from shared.settings import read_settings
from shared.storage.database.engine import open_database
from shared.telemetry import logs


def main(job_id: str, token: str, rank: str, size: str, port: str) -> int:
    """Make the job up to the end of its training; the exit status is 0 unless it was killed: the first process tells what went wrong."""
    settings = read_settings(TrainingSettings)
    logs.configure(f"trainer-{rank}", settings.log_level, settings.log_format)
    folder = settings.attempt_folder(token) / f"process-{rank}"
    Thread(target=_end_with_the_first, args=(folder,), daemon=True).start()
    keep_at_home(settings.home / "cache", folder)
    from services.training.jobs.attempt import follow  # it takes seconds

    with stop_signals() as stopped, ExitStack() as stack:
        database = retry_while_unavailable(lambda: stack.enter_context(open_database(settings.database)), stopped)
        lease = JobLease(database, job_id, token, stopped)
        return follow(lease, settings, folder, stopped, (int(rank), int(size), int(port)))


def _end_with_the_first(folder: Path) -> None:
    """End at once when the first process is gone: it holds the other end of standard input, and never writes."""
    os.read(sys.stdin.fileno(), 1)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
