"""Conversations as a dialogue file: what happened stands as the expectation, for a person to put right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from services.cli.api import Api, CommandError, segment
from shared.privacy.masking import masked

Message = dict[str, Any]
"""One side of a turn, as the API lists it."""

#: Turns or conversations of a page.
_PAGE = 50

#: Turns that a dialogue may have. What reads dialogue files is not part of the command's installation.
_MAX_TURNS = 100

#: Kinds of an answer by which a conversation has gone wrong.
_WRONG = ("fallback", "handover")


def dialogue_file(conversations: Mapping[str, Iterable[Message]]) -> str:
    """The dialogue file (YAML) of some conversations; what customers say is masked of personal numbers and addresses.

    Args:
        conversations: Their messages by their ids.

    Raises:
        CommandError: There is no such conversation, or in none of them a message was answered.
    """
    found = {name: list(islice(_turns(messages), _MAX_TURNS + 1)) for name, messages in conversations.items()}
    if not any(found.values()):
        raise CommandError("None of these conversations holds an answered message: there is nothing to export.")
    lines = [line for name, turns in found.items() for line in _dialogue(name, turns)]
    return "\n".join(("version: 1", "dialogues:", *lines, ""))


def named(api: Api, conversation_ids: Iterable[str]) -> dict[str, Iterator[Message]]:
    """The messages of these conversations, read page by page as they are needed."""
    return {name: _messages(api, name) for name in conversation_ids}


def went_wrong(api: Api, newest: int) -> dict[str, list[Message]]:
    """The messages of those among the newest conversations in which the bot had no answer, or a person had to take over."""
    names = (found["id"] for found in islice(_items(api, "/v1/conversations"), newest))
    read = ((name, list(_messages(api, name))) for name in names)
    return {name: messages for name, messages in read if _had_no_answer(messages)}


def _had_no_answer(messages: Iterable[Message]) -> bool:
    return any(message["parley"]["answer_kind"] in _WRONG for message in messages if message["role"] == "assistant")


def _dialogue(name: str, turns: list[str]) -> Iterator[str]:
    """What a dialogue file cannot hold is told in a comment: a later part alone would begin without what led to it."""
    if not turns:
        yield f"  # {json.dumps(name)}: no message was answered."
        return
    if len(turns) > _MAX_TURNS:
        yield f"  # {json.dumps(name)}: its first {_MAX_TURNS} turns; a dialogue cannot have more."
    yield f"  - name: {json.dumps(name)}"
    yield "    turns:"
    yield from (f"      - {turn}" for turn in turns[:_MAX_TURNS])


def _turns(messages: Iterable[Message]) -> Iterator[str]:
    said = ""
    for message in messages:
        if message["role"] == "user":
            said = masked(message["content"])
        elif said:
            yield _turn(said, message["parley"])
            said = ""


def _messages(api: Api, conversation_id: str) -> Iterator[Message]:
    return _items(api, f"/v1/conversations/{segment(conversation_id)}/messages")


def _items(api: Api, path: str) -> Iterator[dict[str, Any]]:
    after = None
    while True:
        page = api.get(path, after=after, limit=_PAGE)
        yield from page["data"]
        if not page["has_more"]:
            return
        after = page["last_id"]


def _turn(said: str, came: dict[str, Any]) -> str:
    """JSON is YAML too: quoted, so that no word of a customer is taken for anything else."""
    intent = {"intent": came["intent"]["name"]} if came["intent"] else {}
    return json.dumps({"user": said, **intent, "kind": came["answer_kind"]}, ensure_ascii=False)
