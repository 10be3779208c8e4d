"""Conversations as a dialogue file: what happened stands as the expectation, for a person to put right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from services.cli.api import Api, segment
from shared.privacy.masking import masked

#: Turns of a page.
_PAGE = 50


def dialogue_file(api: Api, conversation_ids: list[str]) -> str:
    """The dialogue file (YAML) of some conversations; what customers say is masked of personal numbers and addresses."""
    dialogues = [line for conversation_id in conversation_ids for line in _dialogue(api, conversation_id)]
    return "\n".join(("version: 1", "dialogues:", *dialogues, ""))


def _dialogue(api: Api, conversation_id: str) -> Iterator[str]:
    yield f"  - name: {json.dumps(conversation_id)}"
    yield "    turns:"
    said = ""
    for message in _messages(api, conversation_id):
        if message["role"] == "user":
            said = masked(message["content"])
        else:
            yield f"      - {_turn(said, message['parley'])}"


def _messages(api: Api, conversation_id: str) -> Iterator[dict[str, Any]]:
    after = None
    while True:
        page = api.get(f"/v1/conversations/{segment(conversation_id)}/messages", after=after, limit=_PAGE)
        yield from page["data"]
        if not page["has_more"]:
            return
        after = page["last_id"]


def _turn(said: str, came: dict[str, Any]) -> str:
    """JSON is YAML too: quoted, so that no word of a customer is taken for anything else."""
    intent = {"intent": came["intent"]["name"]} if came["intent"] else {}
    return json.dumps({"user": said, **intent, "kind": came["answer_kind"]}, ensure_ascii=False)
