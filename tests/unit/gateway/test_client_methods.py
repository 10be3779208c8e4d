"""Every method of the official client is served, refused with a reason, or not ours; and what is called served is."""

from __future__ import annotations

from http import HTTPStatus

import httpx
import pytest

from tests.clients.methods import DOCUMENT, Method, methods, table

METHODS = methods()


def test_the_table_in_the_documentation_is_that_of_the_installed_client() -> None:
    assert DOCUMENT.read_text(encoding="utf-8").endswith(table(METHODS)), "run: python -m tests.clients.methods"


def test_every_refusal_has_a_reason() -> None:
    assert not [method.name for method in METHODS if method.verdict != "served" and "written down" in method.reason]


@pytest.mark.parametrize("method", [one for one in METHODS if one.verdict == "served"], ids=lambda method: method.name)
def test_what_is_called_served_is(method: Method, http: httpx.Client) -> None:
    assert method.request is not None
    verb, path = method.request
    answer = http.request(verb, path, json={} if verb == "POST" else None)
    assert answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED
    if answer.status_code == HTTPStatus.NOT_FOUND:  # of the thing whose id was made up, not of the address
        assert answer.json()["error"]["param"] is not None
