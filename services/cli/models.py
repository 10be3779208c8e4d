"""``parley models``, ``parley promote`` and ``parley rollback``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from services.cli.api import Api, CommandError, Json, segment
from services.cli.session import ApiKey, AsJson, Url, connected, out, show_json, table
from shared.artifacts.layout import OUR_MODELS

app = typer.Typer(no_args_is_help=True, help="List, show, ask and delete fine-tuned models.")

ModelId = Annotated[str, typer.Argument(help="Id of the model (ft:...).")]
Deployment = Annotated[
    str | None,
    typer.Option(help="The name that it serves under; default: what its job said, or its task.", show_default=False),
]

#: The deployment of the model that reads chats.
_CHATS = "nlu"
#: Rows of one request.
_AT_ONCE = 256


@app.command("list")
def list_models(as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Every model, the one in production marked."""
    with connected(url, api_key) as api:
        models = api.get("/v1/models")
    if as_json:
        show_json(models)
        return
    rows = [(", ".join(m["deployments"]), m["id"], m["task"]) for m in models["data"]]
    out.print(table(("In production as", "Model", "Task"), rows))


@app.command()
def show(model_id: ModelId, url: Url = None, api_key: ApiKey = None) -> None:
    """One model, whole, as JSON: metrics, parent job, gate."""
    with connected(url, api_key) as api:
        show_json(api.get(f"/v1/models/{segment(model_id)}"))


@app.command()
def delete(model_id: ModelId, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Delete a model that is not in production."""
    with connected(url, api_key) as api:
        answer = api.delete(f"/v1/models/{segment(model_id)}")
    if as_json:
        show_json(answer)
    else:
        out.print(f"{model_id} is deleted.")


def promote(
    model_id: ModelId,
    force: Annotated[bool, typer.Option("--force", help="Even if the gate refused it.")] = False,
    deployment: Deployment = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Put a model into production; every inference process swaps it in."""
    with connected(url, api_key) as api:
        answer = api.post(f"/v1/models/{segment(model_id)}/promote", {"force": force} | _in(deployment))
    if as_json:
        show_json(answer)
    else:
        out.print(f"{model_id} is in production ({', '.join(answer['deployments'])}).")


def rollback(
    model_id: Annotated[
        str | None, typer.Argument(help="Default: the model in production.", show_default=False)
    ] = None,
    deployment: Deployment = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Take the model in production out of it; its predecessor comes back."""
    with connected(url, api_key) as api:
        if model_id is None:
            model_id = _in_production(api, deployment or _CHATS)
        if model_id is None:
            out.print("No model is in production: there is nothing to roll back.")
            raise typer.Exit(1)
        answer = api.post(f"/v1/models/{segment(model_id)}/rollback", _in(deployment))
    if as_json:
        show_json(answer)
    else:
        out.print(f"{model_id} is out of production.")


@app.command()
def predict(
    model: Annotated[str, typer.Argument(help="Id of a model, or parley/NAME for that of a deployment.")],
    texts: Annotated[list[str] | None, typer.Argument(help="What it is asked about.", show_default=False)] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            help="Rows without labels instead, a JSON object a line.", exists=True, dir_okay=False, show_default=False
        ),
    ] = None,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """What a model of any task says, as JSON: a line for each text or row."""
    asked = [{"text": text} for text in texts or ()] + (_rows_of(rows) if rows else [])
    if not asked:
        raise CommandError("Give texts, or a file of rows with --rows.")
    with connected(url, api_key) as api:
        for start in range(0, len(asked), _AT_ONCE):
            answer = api.post(f"/v1/models/{segment(model)}/predict", {"input": asked[start : start + _AT_ONCE]})
            for said in answer["data"]:
                typer.echo(json.dumps(said, ensure_ascii=False))


def _rows_of(path: Path) -> list[Json]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except ValueError as error:
        raise CommandError(f"{path.name} is not JSON Lines in UTF-8: {error}") from None


def _in(deployment: str | None) -> Json:
    return {"deployment": deployment} if deployment else {}


def _in_production(api: Api, deployment: str) -> str | None:
    # The name "parley", which stands for whichever model that is, is listed as one too.
    models = [model for model in api.get("/v1/models")["data"] if model["id"].startswith(OUR_MODELS)]
    return next((str(model["id"]) for model in models if deployment in model["deployments"]), None)
