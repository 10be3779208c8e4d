"""``parley loop``: what people corrected becomes the next model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from services.cli.api import Json, segment
from services.cli.session import ApiKey, AsJson, Url, connected, out, show_json, table

app = typer.Typer(
    no_args_is_help=True, help="From corrections to the next model: where it stands, its rule, its rounds."
)

RoundId = Annotated[str, typer.Argument(help="Id of a round (round_...).")]


@app.command()
def status(as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Where the loop stands: what was corrected since the last round, what has to happen next, how the last rounds ended."""
    with connected(url, api_key) as api:
        told = api.get("/v1/loop")
    if as_json:
        show_json(told)
        return
    out.print(f"{told['new_corrections']} corrected turns that no model has learned yet. {escape(told['next'])}")
    if told["rounds"]:
        out.print(
            table(
                ("Round", "Began", "Corrections", "State", "Why, and how it ended"),
                [_line(one) for one in told["rounds"]],
            )
        )


@app.command()
def rule(
    new_labels: Annotated[
        int | None, typer.Option(min=0, help="Corrected turns that begin a round; 0: their number begins none.")
    ] = None,
    every_hours: Annotated[
        float | None, typer.Option(min=0.0, help="Hours after which one begins; 0: time begins none.")
    ] = None,
    ask: Annotated[
        bool | None, typer.Option("--ask/--auto", help="Whether a person decides about production, or the gate alone.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Begin none by itself.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Say when the model is trained again; what is not named stays as it is."""
    with connected(url, api_key) as api:
        now: Json = api.get("/v1/loop")["rule"] or {}
        if new_labels is not None:
            now["new_labels"] = new_labels or None
        if every_hours is not None:
            now["every_hours"] = every_hours or None
        if ask is not None:
            now["promotion"] = "ask" if ask else "auto"
        kept = api.put("/v1/loop/rule", now | {"enabled": not off})
    if as_json:
        show_json(kept)
    else:
        out.print("The loop is off." if off else "The rule is kept; `parley loop status` tells what comes next.")


@app.command()
def start(as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Begin a round now."""
    with connected(url, api_key) as api:
        began = api.post("/v1/loop/rounds", {"reason": "asked"})
    _told(began, as_json=as_json)


@app.command()
def promote(round_id: RoundId, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Yes: the model of a round that asks goes into production."""
    with connected(url, api_key) as api:
        ended = api.post(f"/v1/loop/rounds/{segment(round_id)}/promote")
    _told(ended, as_json=as_json)


@app.command()
def dismiss(round_id: RoundId, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """No: the model of a round that asks stays out."""
    with connected(url, api_key) as api:
        ended = api.post(f"/v1/loop/rounds/{segment(round_id)}/dismiss")
    _told(ended, as_json=as_json)


def _told(one: Json, *, as_json: bool) -> None:
    if as_json:
        show_json(one)
    else:
        out.print(f"{one['id']} is {one['state']}. {escape(one['outcome'] or '')}".strip())


def _line(one: Json) -> tuple[object, ...]:
    began = datetime.fromtimestamp(one["created_at"], UTC).strftime("%Y-%m-%d %H:%M")
    why = " · ".join(filter(None, (one["reason"], one["outcome"])))
    return one["id"], began, one["corrections"], one["state"], why
