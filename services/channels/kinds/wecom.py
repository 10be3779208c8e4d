"""Apps of WeCom: encrypted XML in, ``message/send`` out (https://developer.work.weixin.qq.com/document/path/90930, 90968, 90236)."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.channels.kinds.encryption import decrypted
from services.channels.kinds.kind import (
    MAX_TEXT,
    Event,
    Incoming,
    Kind,
    Outgoing,
    Post,
    Received,
    Refused,
    Undelivered,
    choices,
    decoded,
    in_turn,
    pieces,
)
from services.channels.kinds.signatures import check, fresh
from shared.contracts.channels import WeComChannel

#: Bytes of a text.
_LONGEST = 2_048
#: Random bytes before the length, those of the length, and to what the whole is padded.
_RANDOM, _LENGTH, _PADDED = 16, 4, 32
#: Busy, and too often.
_LATER = frozenset((-1, 45009, 45033))
#: The token was taken back; the next try has a new one.
_STALE = frozenset((40014, 42001))


def receive(setting: WeComChannel, event: Event) -> Received:
    """A text; the question whether the address is ours (``echostr``) is answered."""
    stamp = fresh(event, event.query.get("timestamp", ""))
    asked = event.query.get("echostr")
    encrypted = asked if asked is not None else _texts(event.body).get("Encrypt", "")
    signed = "".join(sorted((setting.token, stamp, event.query.get("nonce", ""), encrypted)))
    digest = hashlib.sha1(signed.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
    check(event.query.get("msg_signature", ""), digest)
    plain = _opened(setting, encrypted)
    if asked is not None:
        return Received(body=plain.decode("utf-8", "replace"), content_type="text/plain")
    found = _texts(plain)
    name, sender, text = (found.get(key, "").strip() for key in ("MsgId", "FromUserName", "Content"))
    if found.get("MsgType") != "text" or found.get("AgentID") != str(setting.agent_id) or not (name and sender):
        return Received(content_type="text/plain")
    message = Incoming(id=name, thread=sender, text=text[:MAX_TEXT], author=sender)
    return Received((message,) if text else (), content_type="text/plain")


def _opened(setting: WeComChannel, encrypted: str) -> bytes:
    """What was said, if it was said to this enterprise."""
    key = base64.b64decode(setting.aes_key + "=")
    plain = decrypted(key, key[:16], encrypted, _PADDED)[_RANDOM:]
    end = _LENGTH + int.from_bytes(plain[:_LENGTH], "big")
    if plain[end:] != setting.corp_id.encode():
        raise Refused("It was not sent to the enterprise of this channel; compare corp_id.")
    return plain[_LENGTH:end]


def _texts(xml: bytes) -> dict[str, str]:
    """The texts of a flat document."""
    try:
        found: Element = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise Refused("The body is no XML.") from None
    return {one.tag: one.text or "" for one in found}


def send(setting: WeComChannel, message: Outgoing, post: Post) -> None:
    """Delivered when the answer's ``errcode`` is 0 and the person can be written to."""
    if message.event == "status" or not message.text:
        return
    said = f"{message.author}: {choices(message)}" if message.author else choices(message)

    def bring(piece: str, _is_last: bool) -> None:  # as in_turn calls it
        _call(setting, {"touser": message.thread, "text": {"content": piece}}, post)

    in_turn(message, pieces(said, _LONGEST), bring)


def _call(setting: WeComChannel, body: dict[str, object], post: Post) -> None:
    name, api = f"wecom/{setting.url}/{setting.corp_id}/{setting.agent_id}", f"{setting.url.rstrip('/')}/cgi-bin"
    token = post.tokens.get(name, post.now, lambda: _token(setting, api, post))
    whole = {"msgtype": "text", "agentid": setting.agent_id, "safe": 0, **body}
    reply = decoded(post.json(f"{api}/message/send?access_token={token}", whole, {}))
    code = reply.get("errcode")
    if code in _STALE:
        post.tokens.forget(name)
    if code != 0 or reply.get("invaliduser"):
        why = "invaliduser" if code == 0 else f"errcode {str(code)[:20]}"
        raise Undelivered(f"it refused with {why}", may_retry=code in _LATER or code in _STALE)


def _token(setting: WeComChannel, api: str, post: Post) -> tuple[str, float]:
    url = f"{api}/gettoken?corpid={setting.corp_id}&corpsecret={quote(setting.secret, safe='')}"
    reply = decoded(post.send("GET", url, b"", {}))
    code, token, seconds = (reply.get(key) for key in ("errcode", "access_token", "expires_in"))
    if code != 0 or not isinstance(token, str) or not isinstance(seconds, int):
        why = f"it lends no token (errcode {str(code)[:20]}); compare corp_id and secret"
        raise Undelivered(why, may_retry=code in _LATER)
    return token, float(seconds)


WECOM = Kind(receive, send)
