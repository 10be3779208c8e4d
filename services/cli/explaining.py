"""``parley explain``: why a turn was answered as it was."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from services.cli.api import Api, CommandError, Json, segment
from services.cli.session import ApiKey, AsJson, Url, connected, out, show_json, table


def explain(
    conversation_id: Annotated[str, typer.Argument(help="The conversation (conv_...).")],
    turn_id: Annotated[
        str | None, typer.Argument(help="The turn (turn_...); default: its last one.", show_default=False)
    ] = None,
    language: Annotated[str | None, typer.Option("--lang", help="Of the reasons: en or zh.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Why a turn was answered so: which rule decided, which words moved the reading, the nearest training rows."""
    with connected(url, api_key) as api:
        address = f"/v1/conversations/{segment(conversation_id)}"
        turn = turn_id or _last(api, address)
        told = api.get(f"{address}/turns/{segment(turn)}/explanation", lang=language)
    if as_json:
        show_json(told)
        return
    out.print(f"{told['model']}, bot version {told['bot_version']}")
    rules = [*told["passed_over"], told["decided"] | {"rule": f"> {told['decided']['rule']}"}]
    out.print(table(("Rule", "Why", "Score", "Threshold"), [_rule(rule) for rule in rules]))
    for effect in ("intent", "sentiment"):
        if told[effect] is not None:
            out.print(f"\n{effect}: {escape(told[effect]['name'])} ({told[effect]['confidence']:.0%}); without a word:")
            out.print(table(("Word", "Change"), _words(told["words"], effect)))
    if told["nearest"]:
        rows = [(f"{r['similarity']:.2f}", r["text"], r["intent"], r["labelled_by"]) for r in told["nearest"]]
        out.print()
        out.print(table(("Cosine", "Training row", "Intent", "Labelled by"), rows))
    if not told["repeatable"]:
        out.print("Decided again, it would be answered otherwise: the state it was answered in is not kept.")


def _last(api: Api, address: str) -> str:
    """The turn answered last; items are told newest first, and only those of turns are messages of their own."""
    for item in api.get(f"{address}/items", limit=100)["data"]:
        if item["id"].startswith("msg_"):
            return f"turn_{item['id'].removeprefix('msg_').removesuffix('_in')}"
    raise CommandError("Nothing has been answered in this conversation yet; name the turn if it lies far back.")


def _rule(rule: Json) -> tuple[str, ...]:
    return (rule["rule"], rule["reason"], _number(rule["score"]), _number(rule["threshold"]))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _words(words: list[Json], effect: str) -> list[tuple[str, str]]:
    """The five that matter most."""
    moved = sorted(words, key=lambda word: -abs(word[effect] or 0.0))[:5]
    return [(word["text"], f"{-(word[effect] or 0.0):+.3f}") for word in moved]
