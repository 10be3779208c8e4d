"""``python -m services.training.jobs.child_main JOB_ID LEASE_TOKEN``: the child process in which one attempt at a job is made.

Only here is torch imported. The process dies with its memory when the job is cancelled or its time is up, and ends
itself when its supervisor dies.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

from services.training.jobs.channel import Channel
from services.training.jobs.child import INTERRUPTED
from services.training.jobs.lease import JobLease
from services.training.settings import TrainingSettings
from shared.process import stop_signals
from shared.quiet import keep_at_home
from shared.retrying import retry_while_unavailable
from shared.settings import read_settings
from shared.storage.database.engine import open_database
from shared.telemetry import logs


def main(job_id: str, token: str) -> int:
    """Make one attempt at a job; the exit status says how it ended (see ``exits``)."""
    channel = Channel.on_standard_output()
    settings = read_settings(TrainingSettings)
    logs.configure("trainer", settings.log_level, settings.log_format)
    Thread(target=_die_with_supervisor, args=(settings.attempt_folder(token),), daemon=True).start()
    keep_at_home(settings.home / "cache", settings.attempt_folder(token))
    from services.training.jobs.attempt import attempt  # it takes seconds, and the supervisor may die meanwhile

    with stop_signals() as stopped, ExitStack() as stack:
        database = retry_while_unavailable(lambda: stack.enter_context(open_database(settings.database)), stopped)
        return attempt(JobLease(database, job_id, token, stopped), channel, settings, stopped)


def _die_with_supervisor(folder: Path) -> None:
    """End at once when nobody renews the lease any more: another worker will take the job.

    The supervisor holds the other end of standard input and never writes; the end of file is its death. (The parent's
    process id tells less: it may have changed before it could be read for the first time.)
    """
    os.read(sys.stdin.fileno(), 1)  # not through a buffer, whose lock would be held when the process exits
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
