"""``parley alerts``: what fires, what was done about it, and what rules would have made of the past."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from services.cli.api import CommandError, Json, segment
from services.cli.session import ApiKey, AsJson, Url, connected, fail, out, show_json, table

app = typer.Typer(help="Alerts: list, show, acknowledge, snooze, back-test rules.", no_args_is_help=True)

_BARS = " ▁▂▃▄▅▆▇█"
_DAY = 86_400


@app.command("list")
def list_alerts(
    stream: Annotated[str | None, typer.Option(help="Only of this stream.")] = None,
    firing: Annotated[bool, typer.Option("--firing", help="Only those that fire.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Alerts, newest first."""
    with connected(url, api_key) as api:
        found = api.get("/v1/alerts", stream=stream, limit=limit, status="firing" if firing else None)["data"]
    if as_json:
        show_json(found)
        return
    for alert in found:  # not a table: an id is of use only as a whole
        state = f"{_when(alert['opened_at'])}  {alert['state']:<12}  {alert['severity']:<8}"
        style = "bold red" if alert["state"] == "firing" else ""
        out.print(Text(f"{alert['id']}  {state}  {_about(alert)}: {alert['rule']}", style=style), soft_wrap=True)


@app.command()
def show(alert_id: str, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """One alert with its figures, documents and terms."""
    with connected(url, api_key) as api:
        alert = api.get(f"/v1/alerts/{segment(alert_id)}")
    if as_json:
        show_json(alert)
        return
    details = alert["details"]
    out.print(Text(f"{_about(alert)}: {alert['rule']} ({alert['state']}, {alert['severity']})", style="bold"))
    out.print(f"{alert['share']:.0%} of {alert['volume']} texts negative; began {_when(alert['opened_at'])}")
    if details:
        out.print(
            f"{details['measure']} {details['observed']:g}, usual {details['expected']:g} in {details['window_minutes']} min; "
            f"by chance {details['probability']:.1e}, fires below {details['level']:.1e}"
        )
        out.print(_bars(details["series"]["texts"]))
    for document in details.get("documents", []):
        out.print(Text(f"- {document['title']}  ({document['id']})"))
    if details.get("terms"):
        out.print(Text("Terms: " + ", ".join(term["term"] for term in details["terms"])))


@app.command()
def acknowledge(alert_id: str, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Say that you look after it."""
    _change(alert_id, "acknowledge", {}, as_json=as_json, url=url, api_key=api_key)


@app.command()
def snooze(
    alert_id: str,
    minutes: Annotated[int, typer.Option(min=1, max=10_080)] = 60,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Have channels not told of it again for a while."""
    _change(alert_id, "snooze", {"minutes": minutes}, as_json=as_json, url=url, api_key=api_key)


def _change(alert_id: str, verb: str, body: Json, *, as_json: bool, url: str | None, api_key: str | None) -> None:
    with connected(url, api_key) as api:
        alert = api.post(f"/v1/alerts/{segment(alert_id)}/{verb}", body)
    if as_json:
        show_json(alert)
    else:
        out.print(f"{alert['id']}: {alert['state']}")


@app.command()
def backtest(
    stream: Annotated[str, typer.Argument(help="The stream.")],
    days: Annotated[int, typer.Option(min=1, max=31, help="The period that ends with --until.")] = 7,
    until: Annotated[int | None, typer.Option(help="Unix seconds; now, if left out.", show_default=False)] = None,
    rules: Annotated[
        Path | None, typer.Option(help="A JSON file with a list of rules; the stream's own, if left out.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """When rules would have fired on what the stream has counted, and how often."""
    end = int(time.time()) if until is None else until
    body: Json = {"since": end - days * _DAY, "until": end}
    if rules is not None:
        body["rules"] = _rules(rules)
    with connected(url, api_key) as api:
        found = api.post(f"/v1/streams/{segment(stream)}/backtest", body)
    if as_json:
        show_json(found)
        return
    _picture(found)


def _rules(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fail(CommandError(f"{path} cannot be read as JSON: {error}", exit_code=2))


def _picture(found: Json) -> None:
    out.print(
        Text(f"{found['incidents']} incidents in {found['scopes']} scopes, {found['per_week']:g} a week", style="bold")
    )
    by_hour = {hour["start"]: hour["texts"] for hour in found["hours"]}
    fired = {alert["opened_at"] // 3600 * 3600 for alert in found["alerts"]}
    for day in range(found["since"] // _DAY * _DAY, found["until"], _DAY):
        hours = [day + 3600 * number for number in range(24)]
        marks = "".join("!" if hour in fired else " " for hour in hours)
        bars = _bars([by_hour.get(hour, 0) for hour in hours], highest=max(by_hour.values(), default=0))
        out.print(Text(f"{datetime.fromtimestamp(day, UTC):%Y-%m-%d}  {bars}  {marks}".rstrip()))
    rows = [
        (
            a["incident"],
            _when(a["opened_at"]),
            _about(a),
            a["rule"],
            f"{a['observed']:g}",
            f"{a['expected']:g}",
            a["window_minutes"],
        )
        for a in found["alerts"]
    ]
    out.print(table(("Incident", "Began", "About", "Rule", "Observed", "Usual", "Minutes"), rows))


def _about(alert: Json) -> str:
    return " / ".join(part for part in (alert.get("stream", ""), alert["entity"], alert["topic"]) if part) or "stream"


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def _bars(values: list[float], highest: float | None = None) -> str:
    top = max(values, default=0) if highest is None else highest
    return "".join(_BARS[round((len(_BARS) - 1) * value / top)] if top else " " for value in values)
