"""Feishu, DingTalk and WeCom as their documents describe them: what they post, signed and encrypted as they do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tests.unit.channels.far_ends import packed

FEISHU: dict[str, Any] = {
    "app_id": "cli_9f5343c580712544",
    "secret": "feishu-app-secret",
    "token": "rvaYgkND1GOiu5MM0E1rncYC6PLtF7JV",
    "encrypt_key": "kudryavka-test-key",
}
DINGTALK: dict[str, Any] = {"secret": "SEC-of-the-dingtalk-robot"}
WECOM: dict[str, Any] = {
    "corp_id": "wx5823bf96d3bd56c7",
    "agent_id": 218,
    "secret": "wecom-app-secret",
    "token": "QDG6eK",
    "aes_key": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
}


def encrypted(key: bytes, initial: bytes, plain: bytes, block: int) -> bytes:
    """AES-256-CBC, padded as PKCS #7 has it."""
    padding = block - len(plain) % block
    encryptor = Cipher(AES256(key), CBC(initial)).encryptor()
    return encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()


def feishu_message(**changes: Any) -> dict[str, Any]:
    """``im.message.receive_v1``: https://open.feishu.cn/document/server-docs/im-v1/message/events/receive."""
    message = {
        "message_id": "om_5ce6d572455d361153b7cb51da133945",
        "create_time": "1609073151345",
        "update_time": "1687343654666",
        "chat_id": "oc_5ce6d572455d361153b7xx51da133945",
        "chat_type": "p2p",
        "message_type": "text",
        "content": json.dumps({"text": "hello"}),
        "user_agent": "Mozilla/5.0",
    }
    sender = {
        "sender_id": {"union_id": "on_8ed6aa67826108097d9ee143816345", "user_id": "e33ggbyz", "open_id": "ou_84aad35d"},
        "sender_type": changes.pop("sender_type", "user"),
        "tenant_key": "736588c9260f175e",
    }
    head = {
        "event_id": "5e3702a84e847582be8db7fb73283c02",
        "event_type": changes.pop("event_type", "im.message.receive_v1"),
        "create_time": "1608725989000",
        "token": changes.pop("token", FEISHU["token"]),
        "app_id": FEISHU["app_id"],
        "tenant_key": "2ca1d211f64f6438",
    }
    return {"schema": "2.0", "header": head, "event": {"sender": sender, "message": message | changes}}


def feishu(
    body: Any, now: float, *, key: str = FEISHU["encrypt_key"], signed: bool = True
) -> tuple[bytes, dict[str, str]]:
    """As it is posted with an Encrypt Key."""
    initial = os.urandom(16)
    sealed = initial + encrypted(hashlib.sha256(key.encode()).digest(), initial, packed(body), 16)
    raw = packed({"encrypt": base64.b64encode(sealed).decode()})
    if not signed:
        return raw, {}
    stamp, nonce = str(int(now)), "1234567890"
    return raw, {
        "x-lark-request-timestamp": stamp,
        "x-lark-request-nonce": nonce,
        "x-lark-signature": hashlib.sha256(f"{stamp}{nonce}{key}".encode() + raw).hexdigest(),
    }


def dingtalk(now: float, url: str, *, secret: str = DINGTALK["secret"], **changes: Any) -> tuple[bytes, dict[str, str]]:
    """https://open.dingtalk.com/document/orgapp/receive-message."""
    body: dict[str, Any] = {
        "conversationId": "cidk8bHhJyWZ",
        "atUsers": [{"dingtalkId": "$:LWCP_v1:$robot"}],
        "chatbotCorpId": "dinge8a565",
        "chatbotUserId": "$:LWCP_v1:$robot",
        "msgId": "msg0xxxxx",
        "senderNick": "杨xx",
        "isAdmin": True,
        "senderStaffId": "user123",
        "sessionWebhookExpiredTime": int((now + 5_400) * 1000),
        "createAt": int(now * 1000),
        "senderCorpId": "dinge8a565",
        "conversationType": "2",
        "senderId": "$:LWCP_v1:$Ff09",
        "conversationTitle": "机器人测试-TEST",
        "isInAtList": True,
        "sessionWebhook": f"{url}/robot/sendBySession?session=6d69b333f243db32d42c11sda9de620",
        "text": {"content": " hello"},
        "msgtype": "text",
    }
    stamp = str(int(now * 1000))
    signed = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return packed(body | changes), {"timestamp": stamp, "sign": base64.b64encode(signed).decode()}


def wecom_text(**changes: str) -> bytes:
    """https://developer.work.weixin.qq.com/document/path/90239."""
    fields = {
        "ToUserName": WECOM["corp_id"],
        "FromUserName": "mycreate",
        "CreateTime": "1409659813",
        "MsgType": "text",
        "Content": "hello <you> & 你好",
        "MsgId": "4561255354251345929",
        "AgentID": "218",
    } | changes
    inside = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return f"<xml>{inside}</xml>".encode()


def wecom_sealed(plain: bytes, corp_id: str = WECOM["corp_id"]) -> str:
    key = base64.b64decode(WECOM["aes_key"] + "=")
    whole = os.urandom(16) + len(plain).to_bytes(4, "big") + plain + corp_id.encode()
    return base64.b64encode(encrypted(key, key[:16], whole, 32)).decode()


def wecom_query(sealed: str, now: float, token: str = WECOM["token"]) -> dict[str, str]:
    stamp, nonce = str(int(now)), "1372623149"
    signature = hashlib.sha1("".join(sorted((token, stamp, nonce, sealed))).encode(), usedforsecurity=False).hexdigest()
    return {"msg_signature": signature, "timestamp": stamp, "nonce": nonce}


def wecom(now: float, sealed: str) -> tuple[bytes, dict[str, str]]:
    """The body and the query of a callback."""
    raw = f"<xml><ToUserName><![CDATA[x]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>"
    return raw.encode(), wecom_query(sealed, now)
