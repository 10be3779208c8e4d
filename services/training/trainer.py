"""``python -m services.training.trainer JOB_ID LEASE_TOKEN``: the child process in which one attempt at a job is made.

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

from services.training.exits import INTERRUPTED
from services.training.lease import Lease
from services.training.outbox import Outbox
from services.training.patience import outlast
from services.training.settings import TrainingSettings
from shared.process import stop_signals
from shared.quiet import keep_at_home
from shared.settings import read_settings
from shared.storage.engine import open_database
from shared.telemetry import logs


def main(job_id: str, token: str) -> int:
    """Make one attempt at a job; the exit status says how it ended (see ``exits``)."""
    outbox = Outbox.on_standard_output()
    settings = read_settings(TrainingSettings)
    logs.configure("trainer", settings.log_level, settings.log_format)
    Thread(target=_die_with_supervisor, args=(settings.workshop_of(token),), daemon=True).start()
    keep_at_home(settings.home / "cache" / "matplotlib")
    from services.training.attempt import attempt  # it takes seconds, and the supervisor may die meanwhile

    with stop_signals() as stopped, ExitStack() as stack:
        database = outlast(lambda: stack.enter_context(open_database(settings.database)), stopped)
        return attempt(Lease(database, job_id, token, stopped), outbox, settings, stopped)


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
