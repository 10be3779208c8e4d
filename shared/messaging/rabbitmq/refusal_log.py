"""A broker that answers, and says no: other than one that is away it will not change its mind by itself."""

from __future__ import annotations

from amqp.exceptions import AccessRefused, NotAllowed, PreconditionFailed

from shared.telemetry import logs

_REMEDIES = {
    AccessRefused: "check user and password of PARLEY_BROKER_URL, and that the user may configure, write and read",
    NotAllowed: "check the vhost of PARLEY_BROKER_URL, and that its user may use it",
    PreconditionFailed: "another program or release made it: delete it once it is empty, or set PARLEY_BROKER_PREFIX",
}


_log = logs.get(__name__)


class RefusalLog:
    """Tells an operator of them, with the remedy: once, until the broker takes us again.

    Args:
        connection: What is refused, for the log.
    """

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._told = False
        self.reason: str | None = None
        """Why the broker refuses us now, with the remedy."""

    def tell(self, error: BaseException) -> bool:
        """Say it, unless that was done already. Returns whether the error is a refusal at all."""
        remedy = _REMEDIES.get(type(error))
        if remedy:
            self.reason = f"the broker refuses the {self._connection} ({type(error).__name__}): {remedy}"
        if remedy and not self._told:
            self._told = True
            reason = f"{type(error).__name__}: {error}"
            _log.error("broker refuses; trying for ever", connection=self._connection, reason=reason, remedy=remedy)
        return remedy is not None

    def over(self) -> None:
        """The broker takes us."""
        self._told = False
        self.reason = None
