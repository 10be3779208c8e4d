"""The console in a browser."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from services.console.frame import MENU
from tests import waiting
from tests.browser import Complaints
from tests.integration.console.conftest import Console, signed_in
from tests.unit.gateway.test_conversations import begin, say
from tests.unit.gateway.test_four_eyes import request_of, vote
from tests.unit.gateway.test_trials import BOT

#: Runs if it ever becomes a part of a page.
SCRIPT = "<img src=x onerror=\"document.title='attacked'\"><script>document.title='attacked'</script>"


@pytest.mark.parametrize("path", [entry.path for entry in MENU])
def test_every_page_shows_itself_without_a_complaint(console: Console, page: Page, path: str) -> None:
    complaints = Complaints(page)
    page.goto(console.url + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert complaints.heard == []
    assert unnamed(page) == []


def unnamed(page: Page) -> list[str]:
    """What can be operated and has no name for those who do not see it."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('button, a[href], input, textarea, [role=button], [role=checkbox]')]
            .filter(one => one.offsetParent !== null && one.tabIndex >= 0 && one.type !== 'hidden' && !one.closest('[aria-hidden=true]'))
            .filter(one => !(one.innerText.trim() || one.ariaLabel || one.getAttribute('aria-labelledby')
                || one.title || (one.labels && one.labels.length)))
            .map(one => one.outerHTML.slice(0, 200))"""
    )
    return found


def test_a_stranger_sees_the_form_and_comes_back_to_the_page(console: Console, chromium: Browser) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{console.url}/inbox?status=all")
        page.fill("#key", "no key at all")
        page.click("button[type=submit]")
        expect(page.get_by_role("alert")).to_contain_text("Incorrect API key")
        page.fill("#key", "admin-key-of-the-tests")
        page.click("button[type=submit]")
        page.wait_for_url("**/inbox?status=all")


def test_the_pages_speak_chinese_to_who_reads_it(console: Console, chromium: Browser) -> None:
    with signed_in(chromium, console, locale="zh-CN") as context:
        page = context.new_page()
        page.goto(console.url)
        expect(page.get_by_role("heading", level=1)).to_have_text("概览")


def test_a_key_sees_the_pages_that_it_may_use(console: Console, chromium: Browser) -> None:
    with signed_in(chromium, console, console.platform.key("chat")) as context:
        page = context.new_page()
        page.goto(console.url)
        menu = page.get_by_role("navigation")
        expect(menu.locator(".q-item__label", has_text="Inbox")).to_be_visible()
        expect(menu.locator(".q-item__label", has_text="Keys")).to_have_count(0)
        for path in ("/keys", "/jobs", "/data"):
            page.goto(console.url + path)
            expect(page.get_by_role("alert").first).to_contain_text("role")


def test_text_of_customers_and_names_are_never_a_part_of_the_page(console: Console, page: Page) -> None:
    with console.platform.http() as http:
        conversation_id = begin(http, metadata={"channel": SCRIPT})
        say(http, conversation_id, SCRIPT).raise_for_status()
        http.post("/v1/keys", json={"name": SCRIPT, "role": "chat"}).raise_for_status()
        http.post(
            "/v1/files",
            files={"file": (f"{SCRIPT}.jsonl", b'{"text": "a", "intent": "b"}')},
            data={"purpose": "fine-tune"},
        )
    for path in (f"/inbox/{conversation_id}", "/inbox?status=all", "/keys", "/data", "/"):
        page.goto(console.url + path)
        page.wait_for_load_state("networkidle")
        assert page.title().endswith("· Parley")


def test_a_colleague_and_a_customer_talk(console: Console, page: Page) -> None:
    with console.platform.http() as http:
        conversation_id = begin(http)
        say(http, conversation_id, "hello").raise_for_status()
        page.goto(f"{console.url}/inbox/{conversation_id}")
        page.get_by_role("button", name="Take over").click()
        expect(page.locator(".q-badge").first).to_have_text("handed_over")
        page.get_by_label("Answer as a person").first.fill("This is Ada.")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("This is Ada.")).to_be_visible()
        listed = http.get(f"/v1/conversations/{conversation_id}/messages").json()["data"]
        assert [(one["role"], one["content"]) for one in listed][-1] == ("colleague", "This is Ada.")
        say(http, conversation_id, "thank you Ada").raise_for_status()
        expect(page.get_by_text("thank you Ada")).to_be_visible(timeout=4000)
        page.get_by_role("button", name="Back to the bot").click()
        expect(page.locator(".q-badge").first).to_have_text("open")


def test_a_correction_becomes_a_row(console: Console, page: Page) -> None:
    with console.platform.http() as http:
        conversation_id = begin(http)
        turn_id = say(http, conversation_id, "this never came").raise_for_status().json()["turn_id"]
        page.goto(f"{console.url}/inbox/{conversation_id}")
        page.get_by_text("Why").first.click()
        page.get_by_label("Correct").click()
        page.get_by_role("dialog").get_by_label("Intent").fill("missing_item")
        page.get_by_role("dialog").get_by_role("button", name="Send").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
        (given,) = http.get("/v1/feedback", params={"turn_id": turn_id}).json()["data"]
        assert (given["correct"]["intent"], given["source"], given["author"]) == (
            "missing_item",
            "reviewer",
            "first key",
        )


def test_a_console_that_died_goes_on_with_the_same_cookie(console: Console, page: Page) -> None:
    page.goto(f"{console.url}/models")
    console.kill()
    console.start()
    page.goto(f"{console.url}/models")
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")


def test_a_page_says_until_when_it_is_not_connected(console: Console, everything: BrowserContext, page: Page) -> None:
    page.route_web_socket("**", lambda _socket: None)  # opened, and nobody ever speaks
    page.goto(f"{console.url}/keys")
    expect(page.get_by_text("Connecting …")).to_be_visible()
    with everything.new_page() as connected:
        connected.goto(f"{console.url}/keys")
        connected.wait_for_function("() => window.did_handshake")
        expect(connected.get_by_text("Connecting …")).to_be_hidden()


def test_a_bot_file_is_checked_by_line(console: Console, page: Page) -> None:
    page.goto(f"{console.url}/bot")
    page.locator(".cm-content").first.click()
    page.keyboard.type("nonsense: true")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.get_by_text("nonsense", exact=False).first).to_be_visible()


def test_another_site_cannot_act(console: Console) -> None:
    with httpx.Client(base_url=console.url) as http:
        form = {"key": "admin-key-of-the-tests", "next": "/"}
        signed = http.post("/sign-in", data=form)
        assert signed.status_code == 303
        cookie = signed.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "admin-key" not in signed.text
        foreign = {"Origin": "https://elsewhere.example"}
        assert http.post("/sign-in", data=form, headers=foreign).status_code == 403
        assert http.get("/_nicegui_ws/socket.io/?EIO=4&transport=polling", headers=foreign).status_code == 403
        assert (
            http.get("/keys", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}).status_code == 403
        )
        assert http.get("/keys").headers["content-security-policy"].startswith("default-src 'self'")


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "javascript:1"]
)
def test_the_form_leads_nowhere_else(console: Console, target: str) -> None:
    answer = httpx.post(f"{console.url}/sign-in", data={"key": "admin-key-of-the-tests", "next": target})
    assert answer.headers["location"] == "/"


def test_a_stranger_gets_no_socket_and_no_page(console: Console) -> None:
    assert httpx.get(f"{console.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling").status_code in (303, 401)
    assert httpx.get(f"{console.url}/keys").headers["location"].startswith("/sign-in?next=")
    assert httpx.get(f"{console.url}/inbox/..%2f..%2fkeys").status_code == 303


def test_the_log_holds_neither_keys_nor_words(console: Console) -> None:
    assert "admin-key-of-the-tests" not in console.log()
    assert "This is Ada." not in console.log()


def test_a_turn_is_explained_where_it_is_read(console: Console, page: Page) -> None:
    with console.platform.http() as http:
        conversation_id = begin(http)
        say(http, conversation_id, "order it now").raise_for_status()
    page.goto(f"{console.url}/inbox/{conversation_id}")
    page.get_by_text("Why").first.click()
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("Decided by intent: 0 before (0.90 / 0.40)")).to_be_visible()
    expect(page.get_by_text("order +0.90")).to_be_visible()
    expect(page.get_by_text("0.80 a row → order · Ada")).to_be_visible()


def test_a_customer_consents_is_known_and_is_deleted(console: Console, page: Page) -> None:
    with console.platform.http() as http:
        conversation_id = begin(http, metadata={"customer": "ada@example.com"})
        say(http, conversation_id, "hello").raise_for_status()
    page.goto(f"{console.url}/inbox/{conversation_id}")
    page.get_by_role("link", name="Customer ada@example.com").click()
    expect(page.get_by_text("Nothing is remembered without consent.")).to_be_visible()
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Consents; keep this").click()
    expect(page.get_by_text("name: Ada")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/customers")
    with console.platform.http() as http:
        assert http.get(f"/v1/conversations/{conversation_id}").status_code == 404


def test_a_colleague_leaves_a_note_and_asks_for_replies(console: Console, page: Page) -> None:
    with console.platform.http() as http:
        conversation_id = begin(http)
        say(http, conversation_id, "where is my parcel").raise_for_status()
        page.goto(f"{console.url}/inbox/{conversation_id}")
        page.get_by_label("Write a note for colleagues").first.fill("asked twice")
        page.get_by_role("button", name="Write it down").click()
        expect(page.get_by_text("asked twice")).to_be_visible(timeout=20_000)
        (note,) = http.get(f"/v1/conversations/{conversation_id}/notes").json()["data"]
        assert (note["text"], note["author"]) == ("asked twice", "first key")
        page.get_by_role("button", name="Suggest replies").click()
        expect(page.get_by_text("Nothing to suggest.")).to_be_visible(timeout=20_000)


def test_turns_are_labelled_by_keys(console: Console, page: Page) -> None:
    with console.platform.http() as http:
        turn_ids = [say(http, begin(http), f"gibberish number {n}").json()["turn_id"] for n in range(2)]
        for turn_id in turn_ids:
            http.post("/v1/feedback", json={"turn_id": turn_id, "rating": "down"}).raise_for_status()
        page.goto(f"{console.url}/labelling?by=complaints")
        expect(page.get_by_text("gibberish number 1")).to_be_visible(timeout=20_000)
        page.keyboard.press("1")
        expect(page.get_by_text("gibberish number 0")).to_be_visible(timeout=20_000)
        page.keyboard.press("0")
        expect(page.get_by_text("Nothing to label here.")).to_be_visible(timeout=20_000)

        def labels() -> dict[str, str]:
            given = http.get("/v1/feedback", params={"source": "reviewer", "limit": 100}).json()["data"]
            return {one["turn_id"]: one["correct"]["intent"] for one in given if one["turn_id"] in turn_ids}

        # The next turn is shown before the one at hand is stored.
        waiting.wait_for(lambda: labels() == {turn_ids[1]: "gibberish", turn_ids[0]: "out_of_scope"}, 20.0)


def test_a_request_is_proposed_on_the_page_and_decided_by_another(console: Console, page: Page) -> None:
    with console.platform.http() as http, console.platform.http(console.platform.key("train")) as other:
        _, path = request_of(console.platform, http)
        page.goto(f"{console.url}/labelling?by=four_eyes")
        expect(page.get_by_text("cabin: business")).to_be_visible(timeout=20_000)
        page.get_by_label("Why").fill("paid")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("first key: approved: paid")).to_be_visible(timeout=20_000)
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("You have proposed this yourself")).to_be_visible(timeout=20_000)
        vote(other, path, "approved", "Bob").raise_for_status()
        expect(page.get_by_text("No request waits for a second person.")).to_be_visible(timeout=20_000)


def test_what_a_colleague_answered_is_accepted_as_knowledge(console: Console, page: Page) -> None:
    with console.platform.http() as http:
        http.post("/v1/bots", json={"source": BOT}).raise_for_status()
        conversation_id = begin(http)
        http.post(f"/v1/conversations/{conversation_id}/take_over").raise_for_status()
        say(http, conversation_id, "do you ship to the moon").raise_for_status()
        reply = {"content": "Not before next year, sorry.", "author": "Ada"}
        http.post(f"/v1/conversations/{conversation_id}/replies", json=reply).raise_for_status()
        http.post(f"/v1/conversations/{conversation_id}/release").raise_for_status()
        page.goto(f"{console.url}/knowledge")
        expect(page.get_by_text("do you ship to the moon")).to_be_visible(timeout=20_000)
        page.get_by_role("button", name="Accept", exact=True).first.click()
        expect(page.get_by_text("Put this under knowledge in the bot file.")).to_be_visible()
        accepted = http.get("/v1/knowledge_proposals", params={"status": "accepted"}).json()["data"]
        page.get_by_role("button", name="Put it into the bot file").click()
        expect(page.get_by_text("answers are in the bot file now")).to_be_visible()
        assert accepted[0]["id"] in http.get("/v1/bots/active").json()["source"]
