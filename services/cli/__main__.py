"""The ``parley`` command line."""

from __future__ import annotations

import typer

from services.cli import alerts, bots, data, keys, loops, models, streams, training
from services.cli.conversing import analyze, chat
from services.cli.explaining import explain
from services.cli.models import promote, rollback
from services.cli.streams import replay
from services.cli.training import train
from services.cli.up import up
from services.cli.watching import watch

HELP = """Train, talk to and watch a self-hosted chat and sentiment platform.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 platform not reachable, 4 refused.
"""


def build() -> typer.Typer:
    """The whole command, one entry a line."""
    app = typer.Typer(help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    app.command()(up)
    app.command()(chat)
    app.command()(analyze)
    app.command()(explain)
    app.add_typer(data.app, name="data")
    app.command()(train)
    app.add_typer(training.app, name="jobs")
    app.add_typer(models.app, name="models")
    app.add_typer(loops.app, name="loop")
    app.command()(promote)
    app.command()(rollback)
    app.command()(watch)
    app.add_typer(alerts.app, name="alerts")
    app.add_typer(streams.app, name="streams")
    app.command()(replay)
    app.add_typer(bots.app, name="bot")
    app.add_typer(keys.app, name="keys")
    return app


def main() -> None:
    """Run the command."""
    build()()


if __name__ == "__main__":
    main()
