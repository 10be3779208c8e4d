"""Every error that Parley raises on purpose.

    ParleyError
    ├── InvalidInput            the caller sent something wrong; names the field and the remedy
    │   ├── InvalidFile         a data file with faulty rows; carries the list of faults
    │   └── InvalidBot          a bot file with faults; carries them with line numbers
    ├── NotFound                no such resource
    ├── AlreadyExists           the resource is there; a repeated request changes nothing
    ├── Conflict                another request changed the same thing first (retryable)
    ├── NotAuthenticated        no key, or one that we do not know
    ├── NotAllowed              the key's role is too low
    ├── TooManyRequests         over a limit, or every queue is full (retryable)
    ├── DeadlineExceeded        nobody answered in time (retryable)
    ├── Unavailable             a dependency (broker, database, model) is away (retryable)
    │   ├── StorageFull         a disk has no room left
    │   ├── NoModel             no model has been promoted yet
    │   └── NoBot               no bot file has been applied yet
    ├── UndecodableMessage      a message that no contract matches
    ├── BrokenArtifact          a bundle whose files do not match its manifest
    ├── TrainingFailed          a job cannot succeed as it stands; the reason is for the user
    └── SettingsError           a setting is missing or wrong; names key and value

``retryable`` says whether the same call may succeed later. The gateway maps classes to HTTP statuses in one table.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import ClassVar

from shared.contracts.faults import Fault


class ParleyError(Exception):
    """Root of the tree.

    Args:
        message: One sentence for the person who has to act on it.
        param: The field or setting at fault, if one is.
        code: A stable machine-readable name; the class has a default.
    """

    retryable: ClassVar[bool] = False
    default_code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code or self.default_code


class InvalidInput(ParleyError):
    """The caller sent something that can never work."""

    default_code = "invalid_value"


class _Faulty(InvalidInput):
    def __init__(self, message: str, faults: Sequence[Fault], *, param: str | None = None) -> None:
        super().__init__(message, param=param)
        self.faults = tuple(faults)


class InvalidFile(_Faulty):
    """A data file with faulty rows; ``faults`` lists up to 100 of them."""

    default_code = "invalid_training_file"


class InvalidBot(_Faulty):
    """A bot file that cannot be used; ``faults`` carries line numbers."""

    default_code = "invalid_bot_file"


class NotFound(ParleyError):
    """No such resource."""

    default_code = "not_found"


class AlreadyExists(ParleyError):
    """The resource is there already; nothing was changed."""

    default_code = "already_exists"


class Conflict(ParleyError):
    """Another request changed the same thing first."""

    retryable = True
    default_code = "conflict"


class NotAuthenticated(ParleyError):
    """No API key, or one that we do not know."""

    default_code = "invalid_api_key"


class NotAllowed(ParleyError):
    """The key's role is too low for the call."""

    default_code = "insufficient_permissions"


class TooManyRequests(ParleyError):
    """Over a limit, or every queue is full.

    Args:
        retry_after: Seconds after which the call is worth repeating.
    """

    retryable = True
    default_code = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after: float = 1.0, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class DeadlineExceeded(ParleyError):
    """Nobody answered within the deadline."""

    retryable = True
    default_code = "deadline_exceeded"


class Unavailable(ParleyError):
    """A dependency (broker, database, model) is away."""

    retryable = True
    default_code = "service_unavailable"


class StorageFull(Unavailable):
    """A disk has no room left; somebody has to make some."""

    default_code = "storage_full"


class NoModel(Unavailable):
    """No model has been promoted yet."""

    default_code = "no_model"


class NoBot(Unavailable):
    """No bot file has been applied yet."""

    default_code = "no_bot"


class UndecodableMessage(ParleyError):
    """A message that no contract matches; it goes to the dead letters, never to retry."""

    default_code = "undecodable_message"


class BrokenArtifact(ParleyError):
    """A bundle whose files do not match its manifest."""

    default_code = "broken_artifact"


class TrainingFailed(ParleyError):
    """A job cannot succeed as it stands; the message tells the user what to change."""

    default_code = "training_failed"


class SettingsError(ParleyError):
    """A setting is missing or wrong."""

    default_code = "invalid_setting"


def reason_of(error: Exception) -> str:
    """One line for operators, without a customer's words: our own message, else the class and where it was raised."""
    if isinstance(error, ParleyError):
        return error.message[:500]
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
