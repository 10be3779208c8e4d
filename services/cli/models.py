"""``parley models``, ``parley promote`` and ``parley rollback``."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.api import Api, segment
from services.cli.session import ApiKey, AsJson, Url, connected, out, show_json, table
from shared.artifacts.layout import OUR_MODELS

app = typer.Typer(no_args_is_help=True, help="List, show and delete fine-tuned models.")

ModelId = Annotated[str, typer.Argument(help="Id of the model (ft:...).")]


@app.command("list")
def list_models(as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Every model, the one in production marked."""
    with connected(url, api_key) as api:
        models = api.get("/v1/models")
    if as_json:
        show_json(models)
        return
    rows = [("*" if m.get("production") else "", m["id"], m["owned_by"]) for m in models["data"]]
    out.print(table(("", "Model", "Owner"), rows))


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
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Put a model into production; every inference process swaps it in."""
    with connected(url, api_key) as api:
        answer = api.post(f"/v1/models/{segment(model_id)}/promote", {"force": force})
    if as_json:
        show_json(answer)
    else:
        out.print(f"{model_id} is in production.")


def rollback(
    model_id: Annotated[
        str | None, typer.Argument(help="Default: the model in production.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Take the model in production out of it; its predecessor comes back."""
    with connected(url, api_key) as api:
        if model_id is None:
            model_id = _in_production(api)
        if model_id is None:
            out.print("No model is in production: there is nothing to roll back.")
            raise typer.Exit(1)
        answer = api.post(f"/v1/models/{segment(model_id)}/rollback")
    if as_json:
        show_json(answer)
    else:
        out.print(f"{model_id} is out of production.")


def _in_production(api: Api) -> str | None:
    # The name "parley", which stands for whichever model that is, is listed as one too.
    models = [model for model in api.get("/v1/models")["data"] if model["id"].startswith(OUR_MODELS)]
    return next((str(model["id"]) for model in models if model["production"]), None)
