"""The web widget in a browser, on a page of another origin under a strict policy, with the network away in between."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from services.generation.media.service import MediaLimits, MediaReader
from shared.artifacts.store import open_store
from shared.messaging.consuming.stream_consumer import StreamConsumer
from shared.messaging.topology import Queues
from tests.browser import Complaints, browser
from tests.http_server import served
from tests.unit.gateway.platform import Platform, running_platform
from tests.unit.gateway.shop import Shop, open_shop
from tests.unit.generation.media.speaking import needs_espeak, spoken

HOSTILE = '<img src=x onerror="window.hit=1"><script>window.hit=1</script> javascript:alert(1) https://a.example/x?y=1.'


@dataclass
class Site:
    """A shop's own web site, which has the widget."""

    url: str
    gateway: str
    policy: str = ""
    attributes: str = ""
    head: str = ""
    asked: list[str] = field(default_factory=list)

    def strict(self, *, sockets: bool = True) -> None:
        """Only what the widget needs, and nothing inline."""
        socket = self.gateway.replace("http", "ws") if sockets else ""
        self.policy = (
            f"default-src 'none'; script-src {self.gateway}; connect-src {self.gateway} {socket}; "
            "style-src 'none'; base-uri 'none'; require-trusted-types-for 'script'"
        )


@contextmanager
def serving(gateway: str) -> Iterator[Site]:
    """It, on an origin of its own."""
    site = Site("", gateway)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = (
                f"<!doctype html><html lang='en'><head><title>Shop</title>{site.head}</head><body><h1>Shop</h1>"
                f"<script src='{gateway}/widget.js' data-widget='shop' {site.attributes} async></script></body></html>"
            ).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            if site.policy:
                self.send_header("content-security-policy", site.policy)
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

    with served(Handler) as site.url:
        yield site


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running_platform(tmp_path_factory.mktemp("widget"), services=False) as started:
        yield started


@pytest.fixture(scope="module")
def shop(platform: Platform) -> Iterator[Shop]:
    with ExitStack() as stack:
        publisher = stack.enter_context(platform.bus.publisher())
        store = open_store(platform.settings.artifacts)
        media = stack.enter_context(closing(MediaReader(store, MediaLimits(), threads=1)))
        for queue in (Queues.MEDIA, Queues.SOUNDS):
            stack.enter_context(StreamConsumer(platform.bus, queue, media.handlers, publisher=publisher, limit=1))
        yield stack.enter_context(open_shop(platform.bus))


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's microphone hears, again and again."""
    file = tmp_path_factory.mktemp("voice") / "said.wav"
    file.write_bytes(spoken("Where is my order?") if shutil.which("espeak-ng") else b"")
    return file


@pytest.fixture(scope="module")
def chromium(voice: Path) -> Iterator[Browser]:
    microphone = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with browser(*microphone, f"--use-file-for-fake-audio-capture={voice}") as opened:
        yield opened


@pytest.fixture
def site(platform: Platform, shop: Shop) -> Iterator[Site]:
    with serving(platform.url) as served:
        served.strict()
        with platform.http() as http:
            body = {"origins": [served.url], "title": "Help desk", "greeting": "Hello!", "suggestions": ["menu"]}
            files = {"pictures": True, "voice": True}
            http.put("/v1/widgets/shop", json=body | files).raise_for_status()
        yield served


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    with chromium.new_context(locale="en-US") as context:
        page = context.new_page()
        page.set_default_timeout(15_000)
        yield page


def log(page: Page) -> Locator:
    return page.locator("#parley-widget .log")


def say(page: Page, words: str) -> None:
    page.get_by_label("Write a message").fill(words)
    page.keyboard.press("Enter")


def opened(page: Page, site: Site) -> None:
    page.goto(site.url)
    page.get_by_role("button", name="Open chat").click()
    expect(log(page)).to_contain_text("Hello!")


def conversation(platform: Platform) -> str:
    """The newest."""
    with platform.http() as http:
        return str(http.get("/v1/conversations", params={"limit": 1}).json()["data"][0]["id"])


def test_a_customer_is_answered_and_what_is_hostile_stays_text(platform: Platform, page: Page, site: Site) -> None:
    complaints = Complaints(page)
    opened(page, site)
    page.get_by_role("button", name="menu").click()
    expect(log(page)).to_contain_text("You said: menu")
    expect(log(page)).to_contain_text("30 days <b>each</b>")
    page.get_by_role("button", name="where is my order?").click()
    expect(log(page)).to_contain_text("You said: where is my order?")
    expect(page.get_by_role("button", name="person", exact=True)).to_have_count(0)
    say(page, HOSTILE)
    expect(log(page)).to_contain_text(f"You said: {HOSTILE}")
    link = log(page).locator("a").first
    expect(link).to_have_attribute("href", "https://a.example/x?y=1")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    assert page.evaluate("window.hit") is None
    page.get_by_role("button", name="This helped", exact=True).last.click()
    expect(page.get_by_role("button", name="This helped", exact=True).last).to_have_attribute("aria-pressed", "true")
    with platform.http() as http:
        rated = http.get("/v1/feedback").json()["data"][0]
    assert (rated["conversation_id"], rated["rating"]) == (conversation(platform), 5)
    assert complaints.heard == []


def test_words_come_as_they_are_written_and_stay_after_a_reload(shop: Shop, page: Page, site: Site) -> None:
    opened(page, site)
    shop.go_on.clear()
    say(page, "write a poem")
    expect(page.locator("#parley-widget .draft")).to_have_text("You")
    shop.go_on.set()
    expect(log(page)).to_contain_text("You said: write a poem (0 before")
    expect(page.locator("#parley-widget .draft")).to_have_count(0)
    before = log(page).inner_text()
    page.reload()
    expect(log(page)).to_contain_text("You said: write a poem (0 before")
    assert log(page).inner_text() == before
    say(page, "more")
    expect(log(page)).to_contain_text("You said: more (1 before")


def test_a_person_takes_over_is_heard_and_gives_back(platform: Platform, page: Page, site: Site) -> None:
    opened(page, site)
    say(page, "person")
    expect(page.locator("#parley-widget .bar")).to_have_text("A person is with you.")
    mine = f"/v1/conversations/{conversation(platform)}"
    with platform.http() as http:
        http.post(f"{mine}/replies", json={"content": "This is Ada.", "author": "Ada"}).raise_for_status()
        expect(log(page)).to_contain_text("Ada: ")
        expect(log(page)).to_contain_text("This is Ada.")
        say(page, "thank you")
        expect(page.locator("#parley-widget .m.customer").last).to_have_text("You: thank you")
        expect(page.locator("#parley-widget .draft")).to_have_count(0)
        page.keyboard.press("Escape")
        lamp = {"title": "Lamp", "price": "€ 9", "url": "https://shop.example/lamp"}
        http.post(f"{mine}/replies", json={"content": "Are you there?", "cards": [lamp]}).raise_for_status()
        expect(page.get_by_role("button", name="Open chat (1 unread)")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Lamp")).to_have_attribute("href", "https://shop.example/lamp")
        http.post(f"{mine}/release").raise_for_status()
        expect(page.locator("#parley-widget .bar")).to_have_text("The assistant is with you again.")
        http.post(f"{mine}/end").raise_for_status()
    page.get_by_role("button", name="Begin a new one").click()
    say(page, "hello again")
    expect(log(page)).to_contain_text("You said: hello again (0 before")
    assert conversation(platform) not in mine


@pytest.mark.parametrize("way", ["refused", "forbidden"])
def test_where_no_socket_gets_through_events_do(page: Page, site: Site, shop: Shop, way: str) -> None:
    if way == "refused":  # by a proxy on the way
        page.route_web_socket("**/*", lambda socket: socket.close())
    else:  # by the page's policy
        site.strict(sockets=False)
    opened(page, site)
    say(page, "hello")
    expect(log(page)).to_contain_text("You said: hello")
    shop.go_on.clear()
    say(page, "write more")
    expect(page.locator("#parley-widget .draft")).to_have_text("You")
    shop.go_on.set()
    expect(log(page)).to_contain_text("You said: write more")
    expect(page.locator("#parley-widget .m.customer")).to_have_count(2)
    page.reload()
    expect(page.locator("#parley-widget .m.customer")).to_have_count(2)


def test_what_was_written_while_the_network_was_away_arrives_once(platform: Platform, page: Page, site: Site) -> None:
    opened(page, site)
    say(page, "before")
    expect(log(page)).to_contain_text("You said: before")
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    say(page, "on the train")
    page.context.set_offline(False)
    expect(log(page)).to_contain_text("You said: on the train", timeout=40_000)
    expect(page.locator("#parley-widget .m.customer")).to_have_count(2)
    with platform.http() as http:
        assert http.get(f"/v1/conversations/{conversation(platform)}").json()["turns"] == 2


def test_it_is_used_without_a_mouse_and_read_aloud(page: Page, site: Site) -> None:
    page.goto(site.url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Help desk")
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Write a message")).to_be_focused()
    expect(page.get_by_role("log", name="Help desk")).to_contain_text("Assistant: Hello!")
    page.keyboard.type("line one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("line two")
    page.keyboard.press("Enter")
    expect(log(page)).to_contain_text("You said: line one\nline two")
    unnamed = dialog.locator("button, textarea, a").evaluate_all(
        "all => all.filter(one => !(one.getAttribute('aria-label') || one.textContent.trim())).map(one => one.outerHTML)"
    )
    assert unnamed == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Open chat")).to_be_focused()


def test_the_enter_that_ends_a_choice_of_characters_sends_nothing(page: Page, site: Site) -> None:
    opened(page, site)
    field_of_words = page.get_by_label("Write a message")
    field_of_words.fill("你好")
    field_of_words.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    expect(field_of_words).to_have_value("你好")
    expect(page.locator("#parley-widget .m.customer")).to_have_count(0)


def test_it_speaks_chinese_and_fills_a_phone(chromium: Browser, site: Site) -> None:
    site.attributes = "data-language='zh'"
    site.head = "<meta name='viewport' content='width=device-width'>"
    with chromium.new_context(viewport={"width": 360, "height": 640}, has_touch=True) as context:
        page = context.new_page()
        page.goto(site.url)
        page.get_by_role("button", name="打开对话").tap()
        panel = page.get_by_role("dialog").bounding_box()
        assert panel is not None
        assert (panel["width"], panel["height"]) == pytest.approx((360, 640), abs=1)
        page.get_by_label("输入消息").fill("你好" + "很长" * 300)
        page.get_by_role("button", name="发送", exact=True).tap()
        expect(log(page)).to_contain_text("You said: 你好")
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_page_that_was_not_declared_is_told_so_and_goes_on_working(
    platform: Platform, page: Page, site: Site
) -> None:
    with platform.http() as http:
        http.put("/v1/widgets/shop", json={"origins": ["https://elsewhere.example"]}).raise_for_status()
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text))
    page.goto(site.url)
    page.get_by_role("button", name="Open chat").click()
    expect(page.locator("#parley-widget .bar")).to_have_text("Chat is not available here.")
    assert any("PUT /v1/widgets/shop" in warning for warning in warnings)


def receipt(width: int = 2_400) -> bytes:
    """A photo, larger than what is sent, that says where it was taken."""
    picture = Image.new("RGB", (width, width // 2), "white")
    font = ImageFont.load_default(size=width / 12)
    ImageDraw.Draw(picture).text((width // 20, width // 8), "ORDER A1234", fill="black", font=font)
    exif = Image.Exif()
    exif[0x010F] = "Camera of Ada"
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_a_picture_is_made_small_read_and_answered(page: Page, site: Site) -> None:
    complaints = Complaints(page)
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.post_data or "") if asked.url.endswith("/live") else None)
    opened(page, site)
    page.get_by_label("Write a message").fill("my receipt")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Send a picture").click()
    photo: FilePayload = {"name": "receipt.jpg", "mimeType": "image/jpeg", "buffer": receipt()}
    chooser.value.set_files([photo])
    expect(log(page)).to_contain_text("You said: my receipt", timeout=60_000)
    expect(log(page)).to_contain_text("In the picture: ORDER A1234")
    body = json.loads(sent[0])
    small = Image.open(io.BytesIO(base64.b64decode(body["picture"].partition(",")[2])))
    assert (small.size, dict(small.getexif())) == ((1600, 800), {})
    broken: FilePayload = {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"none"}
    page.locator("#parley-widget input[type=file]").set_input_files([broken])
    expect(page.locator("#parley-widget .bar")).to_have_text("This picture cannot be read.")
    assert complaints.heard == []


@needs_espeak
def test_what_is_said_into_the_microphone_is_a_turn(platform: Platform, page: Page, site: Site) -> None:
    complaints = Complaints(page)
    opened(page, site)
    page.get_by_role("button", name="Record a voice message").press("Enter")
    stop = page.get_by_role("button", name="Stop and send")
    expect(stop).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("status")).to_have_text("Recording…")
    page.wait_for_timeout(2_500)  # somebody speaks
    stop.click()
    expect(log(page)).to_contain_text("You said: ", timeout=60_000)
    expect(page.locator("#parley-widget .m.customer").last).to_contain_text("order", ignore_case=True)
    page.get_by_role("button", name="Record a voice message").click()
    expect(stop).to_be_visible()
    page.keyboard.press("Escape")  # what was begun is not sent
    page.get_by_role("button", name="Open chat").click()
    expect(page.get_by_role("button", name="Record a voice message")).to_be_visible()
    expect(page.locator("#parley-widget .m.customer")).to_have_count(1)
    assert complaints.heard == []


def test_what_was_not_declared_is_not_offered(platform: Platform, page: Page, site: Site) -> None:
    with platform.http() as http:
        http.put("/v1/widgets/shop", json={"origins": [site.url], "greeting": "Hello!"}).raise_for_status()
    opened(page, site)
    for name in ("Send a picture", "Record a voice message"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
