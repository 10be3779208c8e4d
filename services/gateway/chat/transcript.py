"""Finding a conversation again by what was said in it.

``/v1/chat/completions`` carries no conversation id: clients repeat all messages. Each stored turn therefore keeps a hash of
the messages up to and including its answer; the next request's messages, without its last one, have the same hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple


class TranscriptMessage(NamedTuple):
    """One message as far as it matters to the dialogue."""

    role: str
    content: str


def transcript_hash(key_id: str, user: str | None, messages: Sequence[TranscriptMessage]) -> str:
    """SHA-256 in hexadecimal over the caller, their end user and the messages, in order.

    JSON keeps the parts apart: no text can be cut differently into the same hash.
    """
    canonical = json.dumps([key_id, user, *messages], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
