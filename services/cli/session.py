"""What every command shares: the options to reach the platform, and how results and errors are shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.api import Api, CommandError, Json
from services.cli.settings import Access, CliSettings, access
from shared.errors import ParleyError, SettingsError
from shared.settings import read_settings

Url = Annotated[str | None, typer.Option("--url", help="Address of the platform.", show_default=False)]
ApiKey = Annotated[str | None, typer.Option("--api-key", help="Key to use.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@contextmanager
def connected(url: str | None, api_key: str | None) -> Iterator[Api]:
    """An open connection; every foreseen error inside ends the command with its message and exit code."""
    try:
        with Api(resolve(url, api_key)) as api:
            yield api
    except (CommandError, SettingsError) as error:
        fail(error)


def resolve(url: str | None, api_key: str | None) -> Access:
    """Where to go and with which key."""
    return access(read_settings(CliSettings), url=url, api_key=api_key)


def fail(error: CommandError | ParleyError) -> NoReturn:
    """Print the reason (and the faulty rows) on standard error and leave."""
    err.print(f"[red]Error:[/red] {escape(str(error))}")
    if isinstance(error, CommandError) and error.faults:
        err.print(
            table(("Line", "Field", "What is wrong"), [(f["line"], f["field"], f["message"]) for f in error.faults])
        )
    raise typer.Exit(_exit_code(error))


def _exit_code(error: CommandError | ParleyError) -> int:
    if isinstance(error, CommandError):
        return error.exit_code
    return 2 if isinstance(error, SettingsError) else 1


def show_json(value: object) -> None:
    """One JSON document on standard output, without colours or wrapping."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def show_json_line(value: Json) -> None:
    """One JSON object on one line, flushed at once, for commands that go on."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A plain table that fits a terminal of 80 columns."""
    grid = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        grid.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    return grid
