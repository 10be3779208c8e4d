"""``parley streams`` and ``parley replay``: streams of documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from services.cli.api import Api, CommandError, Json, segment
from services.cli.following import watch_job
from services.cli.replaying import paced, read_documents
from services.cli.session import ApiKey, AsJson, Url, connected, out, show_json, table
from shared.starter import finance

app = typer.Typer(no_args_is_help=True, help="Streams of documents: declare, send, read their trends.")

Name = Annotated[str, typer.Argument(help="Name of the stream.")]
DocumentFile = Annotated[Path, typer.Argument(help="Documents, JSONL.", exists=True, dir_okay=False)]

_DEPLOYMENT = "finance-sentiment"
_PURPOSE = {"purpose": "finance-starter"}
#: Rows of one call.
PER_CALL = 5_000


@app.command("list")
def list_streams(as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """List the declared streams."""
    with connected(url, api_key) as api:
        found = list(api.pages("/v1/streams"))
    if as_json:
        show_json(found)
    else:
        out.print(
            table(
                ("Stream", "Documents", "Watched"), [(s["id"], s["documents"], len(s["spec"]["watch"])) for s in found]
            )
        )


@app.command()
def show(name: Name, url: Url = None, api_key: ApiKey = None) -> None:
    """Show a stream, how far it is and what it waits for."""
    with connected(url, api_key) as api:
        show_json(api.get(f"/v1/streams/{segment(name)}"))


@app.command()
def put(
    name: Name,
    file: Annotated[
        Path | None,
        typer.Argument(help="Its declaration, JSON; without it every default.", exists=True, dir_okay=False),
    ] = None,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Declare a stream, or declare it anew."""
    with connected(url, api_key) as api:
        show_json(api.put(f"/v1/streams/{segment(name)}", _declaration(file)))


@app.command()
def delete(name: Name, url: Url = None, api_key: ApiKey = None) -> None:
    """Forget a stream with its documents and counts."""
    with connected(url, api_key) as api:
        api.delete(f"/v1/streams/{segment(name)}")
    out.print(f"{escape(name)} is gone.")


@app.command()
def send(name: Name, file: DocumentFile, url: Url = None, api_key: ApiKey = None) -> None:
    """Send documents; a call that failed can be repeated."""
    with connected(url, api_key) as api, file.open("rb") as lines:
        total = _Sent()
        piece: list[bytes] = []
        for line in lines:
            piece.append(line)
            if len(piece) == PER_CALL:
                total.add(api.send_rows(f"/v1/streams/{segment(name)}/documents", b"".join(piece)))
                piece = []
        if piece:
            total.add(api.send_rows(f"/v1/streams/{segment(name)}/documents", b"".join(piece)))
    total.show()


@app.command()
def trends(
    name: Name,
    group: Annotated[str | None, typer.Option(help="entity, topic, source or language.", show_default=False)] = None,
    since: Annotated[float | None, typer.Option(help="Unix seconds.", show_default=False)] = None,
    until: Annotated[float | None, typer.Option(help="Unix seconds.", show_default=False)] = None,
    step: Annotated[int | None, typer.Option(help="Seconds.", show_default=False)] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Write a picture there: .svg or .png.", dir_okay=False, show_default=False)
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """What a stream said over time; the last day unless told otherwise."""
    asked = {"group": group, "since": since, "until": until, "step": step}
    where = f"/v1/streams/{segment(name)}/trends"
    with connected(url, api_key) as api:
        if picture is not None:
            if picture.suffix not in (".svg", ".png"):
                raise CommandError("--picture ends with .svg or .png.")
            picture.write_bytes(api.content(f"{where}{picture.suffix}", **asked))
            out.print(f"Drawn: {escape(str(picture))}")
            return
        found = api.get(where, **asked)
    if as_json:
        show_json(found)
        return
    rows = [
        (p["start"], p.get(group or "", ""), p["texts"], p["negative"], p["positive"], f"{p['mean']:+.2f}", p["reach"])
        for p in found["data"]
    ]
    out.print(table(("Start", group or "", "Texts", "Negative", "Positive", "Mean", "Reach"), rows))


@app.command()
def start(
    name: Annotated[str, typer.Argument(help="Which example: finance.")] = "finance",
    speed: Annotated[float, typer.Option(min=1, help="Seconds of the past in one second.")] = 7200,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Start the financial example: a model, a watch-list of invented companies, and a week with two surges."""
    if name != "finance":
        raise CommandError("There is one example: finance.")
    with connected(url, api_key) as api:
        _train(api)
        api.put(f"/v1/streams/{name}", json.loads(finance("stream.json").read_text("utf-8")))
        out.print("Replaying a week of invented headlines.")
        _replay(api, name, finance("replay.jsonl"), speed)
    out.print("Look: parley streams trends finance --group entity --since 1794182400 --until 1794787200 --step 3600")


def replay(
    file: DocumentFile,
    stream: Annotated[str, typer.Option(help="Where to send them.")],
    speed: Annotated[float, typer.Option(min=0, help="Seconds of the past in one second; 0: at once.")] = 600,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Send dated documents in the order and rhythm in which they were published."""
    with connected(url, api_key) as api:
        _replay(api, stream, file, speed)


def _replay(api: Api, stream: str, file: Path, speed: float) -> None:
    total = _Sent()
    for piece in paced(read_documents(file), speed):
        total.add(api.send_rows(f"/v1/streams/{segment(stream)}/documents", b"".join(piece)))
    total.show()


def _train(api: Api) -> None:
    if any(_DEPLOYMENT in model.get("deployments", ()) for model in api.get("/v1/models")["data"]):
        return
    out.print("Training the sentiment model of the example. It takes two to four minutes.")
    uploaded = api.upload(finance("headlines.jsonl"))
    body = {
        "model": "minilm",
        "training_file": uploaded["id"],
        "task": "text_classification",
        "deployment": _DEPLOYMENT,
        "suffix": "finance",
        "metadata": _PURPOSE,
    }
    ended = watch_job(api, str(api.post("/v1/fine_tuning/jobs", body)["id"]), as_json=False)
    if ended["status"] != "succeeded":
        raise CommandError(f"The job {ended['status']}: {(ended.get('error') or {}).get('message')}")


def _declaration(file: Path | None) -> object:
    if file is None:
        return {}
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise CommandError(f"{file} is no JSON: {error}") from None


class _Sent:
    """What became of the rows of several calls."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(("accepted", "repeated", "refused"), 0)
        self._faults: list[Json] = []

    def add(self, told: Json) -> None:
        """The answer of one call."""
        for name in self._counts:
            self._counts[name] += told[name]
        self._faults += told["faults"]

    def show(self) -> None:
        """One line, and a table of what was refused."""
        out.print(", ".join(f"{count} {name}" for name, count in self._counts.items()))
        if self._faults:
            out.print(
                table(
                    ("Row of its call", "Field", "What is wrong"),
                    [(f["line"], f["field"], f["message"]) for f in self._faults],
                )
            )
