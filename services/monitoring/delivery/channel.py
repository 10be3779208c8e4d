"""What a kind of channel is: one function that delivers, or says why it could not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

from services.monitoring.delivery.message import Notice
from shared.errors import Unavailable
from shared.outbound.addresses import AddressRule
from shared.outbound.client import OutboundClient, OutboundResponse

#: Seconds that a channel may take.
TIMEOUT = 15.0

#: Answers that another try may change.
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)

SettingT = TypeVar("SettingT", contravariant=True)


class Undelivered(Exception):
    """The channel did not take the message.

    Attributes:
        may_retry: Whether another try may succeed.
    """

    def __init__(self, problem: str, *, may_retry: bool) -> None:
        super().__init__(problem)
        self.may_retry = may_retry


@dataclass(frozen=True, slots=True)
class Post:
    """How channels get out.

    Attributes:
        client: Calls where it may.
        rule: Which addresses those are.
        now: Unix seconds of this try.
    """

    client: OutboundClient
    rule: AddressRule
    now: float

    def json(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> OutboundResponse:
        """POST JSON; anything but a 2xx is no delivery.

        Raises:
            Undelivered: It was not taken.
        """
        content = json.dumps(body, ensure_ascii=False).encode()
        return self.bytes(url, content, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})

    def bytes(self, url: str, content: bytes, headers: Mapping[str, str]) -> OutboundResponse:
        """See ``json``."""
        try:
            reply = self.client.send("POST", url, headers=headers, body=content, timeout=TIMEOUT)
        except Unavailable as error:
            raise Undelivered(error.message, may_retry=True) from error
        if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            return reply
        may_retry = reply.status in _LATER or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise Undelivered(f"it answered with HTTP {reply.status}", may_retry=may_retry)


class Deliver(Protocol[SettingT]):
    """Delivers notices as one message."""

    def __call__(self, setting: SettingT, notices: Sequence[Notice], post: Post) -> None:
        """Return once it was taken.

        Raises:
            Undelivered: The channel's own protocol does not say that it was taken.
            OutboundRefused: Its address may not be called.
        """


def answered(reply: OutboundResponse, code: str, reason: str, *, busy: Sequence[int] = ()) -> None:
    """Robots refuse with HTTP 200 and a code in the body: only the code 0 is a delivery.

    Args:
        reply: With status 200.
        code: The field of the code.
        reason: The field that says why.
        busy: Codes that mean "later".

    Raises:
        Undelivered: The code is another, or there is none.
    """
    try:
        body = json.loads(reply.body)
        found = body[code]
    except (ValueError, KeyError, TypeError):
        raise Undelivered(f"its answer has no {code!r}; is the URL that of a robot?", may_retry=False) from None
    if found != 0:
        raise Undelivered(f"it refused with {code} {found}: {str(body.get(reason))[:200]}", may_retry=found in busy)
