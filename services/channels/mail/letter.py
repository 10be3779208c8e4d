"""One mail: whose conversation it belongs to, what is new in it, and what an answer to it needs."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from services.channels.kinds.kind import MAX_TEXT, Incoming
from services.channels.mail.machines import machine
from services.channels.mail.markup import words
from services.channels.mail.quotes import written

_ID = re.compile(r"<[^<>\s]{1,250}>")
#: Ids of ours: the conversation, what was said, and that it is of our making.
_OURS = re.compile(r"<([0-9a-f]{24})\.[0-9a-f]{24}\.parley@[^<>\s]{1,250}>")
#: Messages of a thread that an answer names, and that are looked at.
_REFERENCES = 10
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
#: What mail says, and what it means: GB 18030 reads all of them.
_CHARSETS = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030"}


class LeftAlone(Exception):
    """A mail that is not answered; says by which rule."""


def read(content: bytes, own_address: str) -> Incoming:
    """What a customer says in a mail.

    Args:
        content: The mail, or its beginning: attachments come last, and are not read.
        own_address: Of the mailbox, whose own mail is none of a customer.

    Raises:
        LeftAlone: It is of a machine or of ourselves, says nothing, or cannot be read.
    """
    message = email.message_from_bytes(content, policy=email.policy.default)
    try:
        return _read(message, content, own_address)
    except (ValueError, LookupError, AttributeError, TypeError, MessageError) as error:  # headers and charsets of spam
        raise LeftAlone(f"unreadable ({type(error).__name__})") from error


def _read(message: EmailMessage, content: bytes, own_address: str) -> Incoming:
    sender = _sender(message)
    address = sender.addr_spec.lower()
    if address == own_address.lower():
        raise LeftAlone("our own")
    reason = machine(message, address)
    if reason is not None:
        raise LeftAlone(reason)
    named = _ID.findall(str(message["References"] or "")) + _ID.findall(str(message["In-Reply-To"] or ""))
    subject = " ".join(str(message["Subject"] or "").split())[:500]
    text = "\n\n".join(part for part in ("" if named else subject, written(_body(message))) if part)
    if not text:
        raise LeftAlone("no words")
    own = next(iter(_ID.findall(str(message["Message-ID"] or ""))), None)
    name = own or f"<{hashlib.sha256(content).hexdigest()}>"
    root = _root(named, name)
    return Incoming(
        id=name,
        thread=f"{address}/{root}",
        text=text[:MAX_TEXT],
        author=sender.display_name or address,
        reply={"to": address, "subject": subject, "root": root, "id": own, "references": _last(named)},
    )


def _sender(message: EmailMessage) -> Address:
    """Where an answer goes: forms of web pages write the customer into ``Reply-To``."""
    for field in ("Reply-To", "From"):
        addresses = getattr(message[field], "addresses", ())
        if addresses and _ADDRESS.fullmatch(addresses[0].addr_spec):
            found: Address = addresses[0]
            return found
    raise LeftAlone("no sender")


def _root(named: list[str], own: str) -> str:
    """The conversation: that of an answer of ours which it names, else the first message that it names, else its own."""
    ours = next((found[1] for one in reversed(named[-_REFERENCES:]) if (found := _OURS.fullmatch(one))), None)
    return ours or hashlib.sha256((named[0] if named else own).encode()).hexdigest()[:24]


def _last(named: list[str]) -> list[str]:
    """The first message and the latest ones, each once."""
    once = list(dict.fromkeys(named))
    return once if len(once) <= _REFERENCES else [once[0], *once[1 - _REFERENCES :]]


def _body(message: EmailMessage) -> str:
    part: Any = message.get_body(("plain", "html"))
    if part is None:
        return ""
    payload = part.get_payload(decode=True) or b""
    charset = str(part.get_content_charset() or "utf-8").lower()
    try:
        text = payload.decode(_CHARSETS.get(charset, charset), "replace")
    except LookupError:
        text = payload.decode("utf-8", "replace")
    return words(text) if part.get_content_subtype() == "html" else text
