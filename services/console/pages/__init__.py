"""One module a page."""

from __future__ import annotations

from services.console.pages import (
    bot,
    catalogs,
    conversation,
    customer,
    customers,
    data,
    inbox,
    job,
    jobs,
    keys,
    knowledge,
    labelling,
    loop,
    models,
    opinion,
    overview,
    status,
    streams,
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
    labelling,
    jobs,
    job,
    models,
    loop,
    opinion,
    streams,
    bot,
    knowledge,
    catalogs,
    keys,
    status,
)


def register(visitors: Visitors) -> None:
    """Give every page its address."""
    for page in PAGES:
        page.register(visitors)
