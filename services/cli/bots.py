"""``parley bot``: check a bot file and put it into service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from services.cli.session import ApiKey, AsJson, Url, connected, out, show_json

app = typer.Typer(no_args_is_help=True, help="Validate a bot file, or put it into service.")

BotFile = Annotated[Path, typer.Argument(help="The bot file (YAML).", exists=True, dir_okay=False)]


@app.command()
def validate(file: BotFile, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Check a bot file; every fault is shown with its line."""
    with connected(url, api_key) as api:
        answer = api.post("/v1/bots/validate", {"source": file.read_text("utf-8")})
    if as_json:
        show_json(answer)
    else:
        out.print(f"{escape(str(file))} is in order.")


@app.command()
def apply(file: BotFile, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Put a bot file into service as a new version."""
    with connected(url, api_key) as api:
        answer = api.post("/v1/bots", {"source": file.read_text("utf-8")})
    if as_json:
        show_json(answer)
    else:
        out.print(f"{escape(str(file))} is in service as version {answer['version']}.")
