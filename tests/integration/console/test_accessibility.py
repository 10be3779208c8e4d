"""Every page of the console in the eyes of axe, light and dark."""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir

import pytest
from playwright.sync_api import Page, expect

from services.console.frame import MENU
from tests.integration.console.accessibility import axe_source, violations
from tests.integration.console.conftest import Console
from tests.unit.gateway.test_conversations import begin, say


@pytest.fixture(scope="module")
def axe() -> str:
    folder = Path(gettempdir()) / "parley-axe-core"
    folder.mkdir(exist_ok=True)
    return axe_source(folder)


@pytest.mark.slow
@pytest.mark.parametrize("path", [entry.path for entry in MENU])
def test_every_page_holds_to_the_guidelines(console: Console, page: Page, axe: str, path: str) -> None:
    page.goto(console.url + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    found = violations(page, axe)
    assert not found, "\n".join(found)


@pytest.mark.slow
def test_a_conversation_holds_to_them(console: Console, page: Page, axe: str) -> None:
    with console.platform.http() as http:
        conversation_id = begin(http)
        say(http, conversation_id, "where is my order").raise_for_status()
    page.goto(f"{console.url}/inbox/{conversation_id}")
    expect(page.get_by_text("where is my order").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    found = violations(page, axe)
    assert not found, "\n".join(found)
