"""Finding a conversation again by what was said in it.

``/v1/chat/completions`` carries no conversation id: clients repeat all messages. Each stored turn therefore keeps a digest of
the messages up to and including its answer; the next request's messages, without its last one, have the same digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple


class Said(NamedTuple):
    """One message as far as it matters to the dialogue."""

    role: str
    content: str


def digest(key_id: str, user: str | None, messages: Sequence[Said]) -> str:
    """SHA-256 in hexadecimal over the caller, their end user and the messages, in order.

    JSON keeps the parts apart: no text can be cut differently into the same digest.
    """
    canonical = json.dumps([key_id, user, *messages], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
