"""Packages of the extra ``data``, which not every installation has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import ParleyError


class MissingLibrary(ParleyError):
    """A format needs a package that is not installed."""


@contextmanager
def library_of(what: str) -> Iterator[None]:
    """For the imports of the extra ``data``, which stand where they are needed: most commands never do.

    Args:
        what: What needs them, for a message.

    Raises:
        MissingLibrary: One is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingLibrary(
            f"{what} needs a package that is not installed ({error.name}): pip install 'parley[data]'."
        ) from error
