"""One module a page."""

from __future__ import annotations

from services.console.pages import (
    bot,
    conversation,
    customer,
    customers,
    data,
    inbox,
    job,
    jobs,
    keys,
    loop,
    models,
    opinion,
    overview,
    status,
    trying,
)
from services.console.visitors import Visitors

PAGES = (
    overview,
    inbox,
    conversation,
    customers,
    customer,
    trying,
    data,
    jobs,
    job,
    models,
    opinion,
    bot,
    keys,
    loop,
    status,
)


def register(visitors: Visitors) -> None:
    """Give every page its address."""
    for page in PAGES:
        page.register(visitors)
