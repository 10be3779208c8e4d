"""``parley keys``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from services.cli.api import segment
from services.cli.session import ApiKey, AsJson, Url, connected, out, show_json, table

app = typer.Typer(no_args_is_help=True, help="List, create and revoke API keys.")


class Role(StrEnum):
    """What a key may do; each includes the ones before it."""

    CHAT = "chat"
    TRAIN = "train"
    ADMIN = "admin"


@app.command("list")
def list_keys(as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Every key, without its secret."""
    with connected(url, api_key) as api:
        keys = api.get("/v1/keys")
    if as_json:
        show_json(keys)
    else:
        rows = [(k["id"], k["name"], k["role"], "revoked" if k.get("revoked_at") else "") for k in keys["data"]]
        out.print(table(("Key", "Name", "Role", ""), rows))


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    role: Annotated[Role, typer.Option(help="What it may do.")] = Role.CHAT,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Make a key; its secret is shown this once."""
    with connected(url, api_key) as api:
        key = api.post("/v1/keys", {"name": name, "role": role.value})
    if as_json:
        show_json(key)
    else:
        out.print(f"{key['key']}\n[dim]Keep it: it is not shown again.[/dim]", soft_wrap=True)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key (key_...).")],
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Make a key worthless at once."""
    with connected(url, api_key) as api:
        answer = api.delete(f"/v1/keys/{segment(key_id)}")
    if as_json:
        show_json(answer)
    else:
        out.print(f"{key_id} is revoked.")
