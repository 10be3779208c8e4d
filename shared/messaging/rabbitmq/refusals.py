"""A broker that answers, and says no: other than one that is away it will not change its mind by itself."""

from __future__ import annotations

from amqp.exceptions import AccessRefused, NotAllowed, PreconditionFailed

_REMEDIES = {
    AccessRefused: "check user and password of PARLEY_BROKER_URL, and that the user may configure, write and read",
    NotAllowed: "check the vhost of PARLEY_BROKER_URL, and that its user may use it",
    PreconditionFailed: "another program or release made it: delete it once it is empty, or set PARLEY_BROKER_PREFIX",
}


def remedy(error: BaseException) -> str | None:
    """What an operator can do about it; ``None`` if this is no refusal."""
    return _REMEDIES.get(type(error))
