"""Every page of the console in the eyes of axe, light and dark."""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from services.console.frame import MENU
from tests.integration.console.accessibility import axe_source, violations
from tests.integration.console.conftest import Console
from tests.unit.gateway.test_conversations import begin, say


@pytest.fixture(scope="module")
def axe() -> str:
    folder = Path(gettempdir()) / "parley-axe-core"
    folder.mkdir(exist_ok=True)
    return axe_source(folder)


@pytest.fixture(params=["light", "dark"])
def seen(request: pytest.FixtureRequest, page: Page) -> Page:
    """The page as browsers show it whose owner likes them light, or dark."""
    page.emulate_media(color_scheme=request.param)
    return page


@pytest.mark.slow
@pytest.mark.parametrize("path", [entry.path for entry in MENU])
def test_every_page_holds_to_the_guidelines(console: Console, seen: Page, axe: str, path: str) -> None:
    seen.goto(console.url + path)
    expect(seen.get_by_role("heading", level=1)).to_be_visible()
    seen.wait_for_load_state("networkidle")
    found = violations(seen, axe)
    assert not found, "\n".join(found)


@pytest.mark.slow
def test_a_conversation_holds_to_them(console: Console, seen: Page, axe: str) -> None:
    with console.platform.http() as http:
        conversation_id = begin(http)
        say(http, conversation_id, "where is my order").raise_for_status()
    seen.goto(f"{console.url}/inbox/{conversation_id}")
    expect(seen.get_by_text("where is my order").first).to_be_visible()
    seen.wait_for_load_state("networkidle")
    found = violations(seen, axe)
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_holds_to_them(
    console: Console, chromium: Browser, axe: str, scheme: Literal["light", "dark"]
) -> None:
    with chromium.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(console.url)
        page.fill("#key", "no key at all")
        page.click("button[type=submit]")
        expect(page.get_by_role("alert")).to_be_visible()
        found = violations(page, axe)
    assert not found, "\n".join(found)
