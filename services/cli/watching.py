"""``parley watch``: sentiment by intent and alerts, as they change."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from services.cli.api import Api, CommandError, Json
from services.cli.session import ApiKey, AsJson, Url, connected, err, out, show_json_line, table

#: Seconds between two looks.
INTERVAL = 2.0


def watch(
    stream: Annotated[str, typer.Option(help="The sentiment stream.")] = "chat",
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How far back to look.")] = 30,
    once: Annotated[bool, typer.Option("--once", help="Show the present state and leave.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Watch sentiment per intent, and alerts, live; Ctrl-C ends it."""
    with connected(url, api_key) as api:
        if once or as_json or not out.is_terminal:
            _print_states(api, stream, minutes, once=once, as_json=as_json)
        else:
            _live(api, stream, minutes)


def _live(api: Api, stream: str, minutes: int) -> None:
    shown: RenderableType = ""
    with Live(console=out, auto_refresh=False) as live:
        while True:
            try:
                shown = _picture(_state(api, stream, minutes))
                live.update(shown, refresh=True)
            except CommandError as error:
                if not error.transient:
                    raise
                live.update(Group(shown, Text(_away(error), style="yellow")), refresh=True)
            time.sleep(INTERVAL)


def _print_states(api: Api, stream: str, minutes: int, *, once: bool, as_json: bool) -> None:
    while True:
        try:
            state = _state(api, stream, minutes)
        except CommandError as error:
            if once or not error.transient:
                raise
            err.print(escape(_away(error)))
        else:
            if as_json:
                show_json_line(state)
            else:
                out.print(_picture(state))
        if once:
            return
        time.sleep(INTERVAL)


def _away(error: CommandError) -> str:
    return f"{str(error).rstrip('.')}. Trying again."


def _state(api: Api, stream: str, minutes: int) -> Json:
    trends = api.get("/v1/sentiment/trends", stream=stream, since=int(time.time()) - 60 * minutes)
    totals: dict[str, dict[str, int]] = defaultdict(lambda: {"negative": 0, "neutral": 0, "positive": 0})
    for point in trends["data"]:
        for label in ("negative", "neutral", "positive"):
            totals[point["intent"]][label] += point[label]
    alerts = [a for a in api.get("/v1/alerts", limit=20)["data"] if a["stream"] == stream]
    return {"stream": stream, "minutes": minutes, "intents": dict(totals), "alerts": alerts}


def _picture(state: Json) -> RenderableType:
    ranked = sorted(state["intents"].items(), key=lambda item: -sum(item[1].values()))
    rows = [(name, c["negative"], c["neutral"], c["positive"]) for name, c in ranked]
    counts: RenderableType = table(("Intent", "Negative", "Neutral", "Positive"), rows)
    if not rows:
        counts = Text("No text yet.", style="dim")
    heading = Text(f"Stream {state['stream']}, last {state['minutes']} minutes", style="bold")
    return Group(heading, counts, *(_alert(alert) for alert in state["alerts"][:5]))


def _alert(alert: dict[str, Any]) -> Text:
    firing = alert["state"] == "firing"
    words = f"{alert['state'].upper()}: {alert['share']:.0%} of {alert['volume']} texts negative ({alert['id']})"
    return Text(words, style="bold red" if firing else "dim")
