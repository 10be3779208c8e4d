"""``parley bot``: check a bot file, try it by dialogues, and put it into service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from services.cli.api import CommandError
from services.cli.exporting import Message, dialogue_file, named, went_wrong
from services.cli.session import ApiKey, AsJson, Url, connected, out, show_json

app = typer.Typer(no_args_is_help=True, help="Validate a bot file, try it by dialogues, or put it into service.")

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


@app.command("test")
def try_out(
    files: Annotated[list[Path], typer.Argument(help="Dialogue files (YAML).", exists=True, dir_okay=False)],
    bot: Annotated[
        Path | None, typer.Option(help="A bot file; without it the one in service.", exists=True, dir_okay=False)
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model id; without it the model in production.")] = None,
    at_least: Annotated[float, typer.Option(min=0, max=1, help="Share of turns that must be right.")] = 1.0,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Hold dialogues with a bot; ends with 1 if fewer turns than --at-least are as expected."""
    source = bot.read_text("utf-8") if bot is not None else None
    passed = True
    with connected(url, api_key) as api:
        for file in files:
            body = {"dialogues": file.read_text("utf-8"), "bot": source, "model": model}
            answer = api.post("/v1/bots/test", body)
            passed = passed and answer["accuracy"] >= at_least
            if as_json:
                show_json(answer)
            else:
                _show(file, answer)
    if not passed:
        raise typer.Exit(1)


@app.command()
def export(
    conversations: Annotated[
        list[str] | None, typer.Argument(help="Ids of conversations that went wrong (conv_...).")
    ] = None,
    wrong: Annotated[
        bool, typer.Option("--wrong", help="Find them: the bot had no answer, or a person had to take over.")
    ] = False,
    newest: Annotated[int, typer.Option(min=1, max=10_000, help="How many conversations --wrong looks through.")] = 200,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Write conversations as a dialogue file, with what happened as the expectation: put it right, then test."""
    if bool(conversations) == wrong:
        raise typer.BadParameter("name conversations by their ids, or let them be found by --wrong")
    with connected(url, api_key) as api:
        found: Mapping[str, Iterable[Message]]
        found = named(api, conversations) if conversations else went_wrong(api, newest)
        if not found:
            raise CommandError(f"None of the newest {newest} conversations went wrong: there is nothing to export.")
        typer.echo(dialogue_file(found), nl=False)


def _show(file: Path, answer: dict[str, Any]) -> None:
    for turn in answer["wrong"]:
        out.print(f"[bold]{escape(turn['dialogue'])}[/bold], turn {turn['turn']}: {escape(turn['user'])}")
        for miss in turn["misses"]:
            out.print(f"    {escape(miss)}")
    out.print(
        f"{escape(str(file))}: {answer['turns_right']} of {answer['turns']} turns right ({100 * answer['accuracy']:.1f} %), "
        f"{answer['dialogues_right']} of {answer['dialogues']} dialogues, with {escape(answer['model'])}."
    )


@app.command()
def apply(file: BotFile, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Put a bot file into service as a new version."""
    with connected(url, api_key) as api:
        answer = api.post("/v1/bots", {"source": file.read_text("utf-8")})
    if as_json:
        show_json(answer)
    else:
        out.print(f"{escape(str(file))} is in service as version {answer['version']}.")
