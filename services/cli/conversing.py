"""``parley chat`` and ``parley analyze``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from uuid import uuid4

import typer
from rich.markup import escape

from services.cli.api import Api, CommandError, Json
from services.cli.session import ApiKey, AsJson, Url, connected, err, out, show_json, show_json_line

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show intent, entities and sentiment too.")]


def chat(
    text: Annotated[str | None, typer.Argument(help="Say this one thing and leave.", show_default=False)] = None,
    verbose: Verbose = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Talk to the bot.

    Without TEXT a conversation begins: one line is one message, Ctrl-D or /quit ends it.
    """
    with connected(url, api_key) as api:
        conversation = api.post("/v1/conversations")["id"]
        if text is not None:
            _say(api, conversation, text, _new_key(), verbose=verbose, as_json=as_json)
            return
        err.print("[dim]Talk to the bot; Ctrl-D or /quit ends the conversation.[/dim]")
        failed: str | None = None
        key = _new_key()
        for line in _lines():
            # What is said again may have been stored before its answer was lost.
            key = key if line == failed else _new_key()
            try:
                _say(api, conversation, line, key, verbose=verbose, as_json=as_json)
                failed = None
            except CommandError as error:
                failed = line
                err.print(f"[red]{escape(str(error))}[/red]\nSay it again, or leave with /quit.")


def analyze(
    texts: Annotated[list[str], typer.Argument(help="Texts to read.")],
    model: Annotated[str | None, typer.Option(help="A model other than the one in production.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Show what the model understands of texts: intent, entities, sentiment."""
    body: Json = {"input": texts} | ({"model": model} if model else {})
    with connected(url, api_key) as api:
        answer = api.post("/v1/analyze", body)
    if as_json:
        show_json(answer)
        return
    for text, reading in zip(texts, answer["data"], strict=True):
        out.print(escape(text))
        out.print(f"  [dim]{escape(_understood(reading))}[/dim]")


def _lines() -> Iterator[str]:
    while True:
        try:
            line = out.input("[bold cyan]you>[/bold cyan] ").strip()
        except (EOFError, KeyboardInterrupt):
            out.print()
            return
        if line == "/quit":
            return
        if line:
            yield line


def _new_key() -> str:
    return uuid4().hex


def _say(api: Api, conversation: str, text: str, idempotency_key: str, *, verbose: bool, as_json: bool) -> None:
    body = {
        "model": "parley",
        "messages": [{"role": "user", "content": text}],
        "conversation_id": conversation,
        "stream": True,
    }
    words: list[str] = []
    details: Json = {}
    if not as_json:
        out.print("[bold green]bot>[/bold green] ", end="")
    for chunk in api.stream("POST", "/v1/chat/completions", body, idempotency_key):
        details = chunk.get("parley") or details
        for choice in chunk["choices"]:
            words.append(choice["delta"].get("content") or "")
            if not as_json:
                out.print(escape(words[-1]), end="")
    if as_json:
        show_json_line({"text": text, "answer": "".join(words), "parley": details})
        return
    out.print("[dim](a person has taken over)[/dim]" if not any(words) else "")
    if verbose:
        out.print(f"     [dim]{escape(_understood(details))}[/dim]")


def _understood(reading: Json) -> str:
    parts = []
    if intent := reading.get("intent"):
        parts.append(f"{intent['name']} {intent['confidence']:.0%}")
    parts += [f"{entity['label']}={entity['text']}" for entity in reading.get("entities") or ()]
    if sentiment := reading.get("sentiment"):
        score = round(sentiment["score"], 1) + 0.0  # never "-0.0"
        parts.append(f"{sentiment['label']} {score:+.1f}")
    return "  ".join(parts) or "nothing understood"
