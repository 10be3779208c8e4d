"""Pictures of the console for the documents: ``make screenshots`` while a platform runs (``parley up``)."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
from playwright.sync_api import Page

from services.cli.settings import CliSettings, access
from services.console.settings import ConsoleSettings
from shared.settings import read_settings
from tests.browser import browser

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
#: What a customer says before a colleague takes over.
SAID = ("where is my order A-10432?", "this takes forever, I am really angry", "I want to talk to a real person")


def main() -> int:
    """Take them; the exit status."""
    here = access(read_settings(CliSettings), url=None, api_key=None)
    console = f"http://127.0.0.1:{read_settings(ConsoleSettings).console_port}"
    with httpx.Client(base_url=here.url, headers={"Authorization": f"Bearer {here.api_key}"}, timeout=60) as http:
        conversation_id = _conversation(http)
        job_id = http.get("/v1/fine_tuning/jobs", params={"limit": 1}).raise_for_status().json()["data"][0]["id"]
    with browser() as chromium, chromium.new_context(viewport={"width": 1200, "height": 760}) as context:
        page = context.new_page()
        page.goto(console)
        page.fill("#key", here.api_key)
        page.click("button[type=submit]")
        for name, path in (
            ("overview", "/"),
            ("conversation", f"/inbox/{conversation_id}"),
            ("job", f"/jobs/{job_id}"),
        ):
            _take(page, console + path, PICTURES / f"console-{name}.png")
    return 0


def _conversation(http: httpx.Client) -> str:
    conversation_id = str(http.post("/v1/conversations", json={}).raise_for_status().json()["id"])
    for text in SAID:
        http.post(f"/v1/conversations/{conversation_id}/messages", json={"content": text}).raise_for_status()
    reply = {"content": "This is Ada. I look into it at once.", "author": "Ada"}
    http.post(f"/v1/conversations/{conversation_id}/replies", json=reply).raise_for_status()
    return conversation_id


def _take(page: Page, address: str, target: Path) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # charts are drawn after the page has settled
    target.parent.mkdir(exist_ok=True)
    page.screenshot(path=target)
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    sys.exit(main())
