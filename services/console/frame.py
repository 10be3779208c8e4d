"""What every page has: a head, the way to the other pages, and its content, which keeps itself up to date."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import TypeVar

from nicegui import ui

from services.console.api import ApiError
from services.console.session import Role
from services.console.visit import Language, Visit

DataT = TypeVar("DataT")


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the menu.

    Attributes:
        path: Its address.
        title: In English.
        icon: Of Material Icons, which come with NiceGUI.
        role: What a key must at least may, for the page to be of use.
    """

    path: str
    title: str
    icon: str
    role: Role


MENU = (
    Entry("/", "Overview", "dashboard", "chat"),
    Entry("/inbox", "Inbox", "inbox", "chat"),
    Entry("/customers", "Customers", "people", "chat"),
    Entry("/try", "Try", "chat", "chat"),
    Entry("/data", "Data", "table_view", "train"),
    Entry("/labelling", "Labelling", "label", "train"),
    Entry("/jobs", "Jobs", "model_training", "train"),
    Entry("/models", "Models", "hub", "chat"),
    Entry("/loop", "Loop", "autorenew", "train"),
    Entry("/opinion", "Opinion", "insights", "train"),
    Entry("/streams", "Streams", "rss_feed", "train"),
    Entry("/bot", "Bot", "smart_toy", "train"),
    Entry("/knowledge", "Knowledge", "menu_book", "train"),
    Entry("/catalogs", "Catalogs", "storefront", "train"),
    Entry("/keys", "Keys", "vpn_key", "admin"),
    Entry("/status", "Status", "monitor_heart", "chat"),
)


#: Seconds that a page waits for what it shows; after 3 the library would give it up for good, however near the answers are.
_PATIENCE = 60.0


def page_at(path: str) -> ui.page:
    """Puts a page at an address: in place of ``ui.page``."""
    return ui.page(path, response_timeout=_PATIENCE)


#: White on those of light pages, and they on white, are told apart by people who see contrast badly (4.5:1). No colour is that for
#: both white words on it and itself on a dark page, so that there they are light, and what stands on them is dark. The layer is
#: the first one, since of rules that are ``!important`` those of earlier layers count, and the framework's are.
_COLOURS = """
body:not(.body--dark) {
  --q-primary: #1565c0 !important;
  --q-positive: #2e7d32 !important;
  --q-warning: #9a5b00 !important;
  --q-negative: #b3000f !important;
  --q-info: #00638a !important;
}
.body--dark {
  --q-primary: #90caf9 !important;
  --q-positive: #81c784 !important;
  --q-warning: #ffb74d !important;
  --q-negative: #ff9e96 !important;
  --q-info: #4fc3f7 !important;
}
@layer theme {
  .body--dark :is(.q-badge, .q-uploader__header, .bg-primary, .bg-positive, .bg-warning, .bg-negative, .bg-info) {
    color: #121212 !important;
  }
  .body--dark .q-badge.bg-grey-8 { color: #fff !important; }
  .body--dark .text-grey-7 { color: #bdbdbd !important; }
  .body--dark .q-header { background: #1d1d1d !important; color: #fff !important; }
}
"""

#: Until a page's socket is there what is clicked waits, and the page says so; half a second is not worth a word.
_CONNECTING = """
.connecting-words { display: none; }
html.connecting .connecting-words {
  display: block; position: fixed; inset: 0 0 auto; z-index: 9999; padding: 2px 8px; visibility: hidden;
  background: #ffe082; color: #121212; animation: connecting 0s 0.5s forwards;
}
@keyframes connecting { to { visibility: visible; } }
"""
_CONNECTED = """<script>
setInterval(() => document.documentElement.classList.toggle(
  'connecting', !(window.did_handshake && window.socket.connected)), 200);
</script>"""

#: What the framework makes inside its uploader and its editor has no name; it gets that of the whole.
_NAMES = """<script>
new MutationObserver(() => {
  for (const one of document.querySelectorAll('.q-uploader__input, .q-uploader a[role=button], .cm-content')) {
    const whole = one.closest('[aria-label]:not(.q-uploader__input, a, .cm-content)');
    if (whole && !one.ariaLabel) one.ariaLabel = whole.ariaLabel;
  }
}).observe(document, {childList: true, subtree: true});
</script>"""


def _speak(language: Language) -> None:
    """Say in the page's source which language it is in; NiceGUI keeps that in what all visitors of an address share."""
    client = ui.context.client
    client.page = copy(client.page)
    client.page.language = "zh-CN" if language == "zh" else "en-US"


@contextmanager
def page(visit: Visit, title: str, path: str) -> Iterator[None]:
    """The frame of a page; its content goes into the context."""
    _speak(visit.language)
    ui.add_css(_COLOURS + _CONNECTING)
    ui.add_head_html(_NAMES + _CONNECTED)
    ui.dark_mode(visit.dark)
    ui.page_title(f"{visit.say(title)} · Parley")
    ui.label(visit.say("Connecting …")).classes("connecting-words").props("role=status")
    drawer = _menu(visit, path)
    with ui.header().classes("items-center q-py-xs"):
        ui.button(icon="menu", on_click=drawer.toggle).props(f'flat round color=white aria-label="{visit.say("Menu")}"')
        ui.label("Parley").classes("text-h6")
        ui.space()
        ui.label(visit.session.name).classes("gt-xs")
        _switches(visit, path)
    with ui.column().classes("full-width q-pa-sm").props("role=main"):
        ui.label(visit.say(title)).classes("text-h5").props('role=heading aria-level="1"')
        yield


def admitted(visit: Visit, role: Role) -> bool:
    """Whether the visitor's key may do what the page is for; if not, the page says so."""
    if visit.session.may(role):
        return True
    ui.label(f"{visit.say('This page needs a key with the role')} {role}.").classes("text-negative").props("role=alert")
    return False


def _menu(visit: Visit, path: str) -> ui.left_drawer:
    with (
        ui.left_drawer().props(f'width=210 aria-label="{visit.say("Pages")}" role=navigation') as drawer,
        ui.list().classes("full-width"),
    ):
        for entry in MENU:
            if visit.session.may(entry.role):
                here = entry.path == path
                with ui.item(on_click=lambda entry=entry: ui.navigate.to(entry.path)).props(
                    f"clickable {'active' if here else ''} href={entry.path}"
                ):
                    with ui.item_section().props("avatar"):
                        ui.icon(entry.icon).props("aria-hidden=true")
                    with ui.item_section():
                        ui.item_label(visit.say(entry.title))
    return drawer


def _switches(visit: Visit, path: str) -> None:
    other = "en" if visit.language == "zh" else "zh"
    dark = "off" if visit.dark else "on"
    _switch(
        "translate", visit.say("English" if other == "en" else "Chinese"), f"/preferences?language={other}&next={path}"
    )
    _switch("dark_mode", visit.say("Dark or light"), f"/preferences?dark={dark}&next={path}")
    _switch("logout", visit.say("Sign out"), "/sign-out")


def _switch(icon: str, label: str, target: str) -> None:
    with ui.button(icon=icon, on_click=lambda: ui.navigate.to(target)).props(
        f'flat round color=white aria-label="{label}"'
    ):
        ui.tooltip(label)


async def live(
    load: Callable[[], Awaitable[DataT]], draw: Callable[[DataT], None], seconds: float = 2.0
) -> Callable[[], Awaitable[None]]:
    """Draw what is loaded, and again whenever it has changed; an error stands above what was drawn last.

    Args:
        load: Asks the platform.
        draw: Shows the answer.
        seconds: Between two looks.

    Returns:
        Looks at once.
    """
    trouble = ui.label().classes("text-negative").props("role=alert")
    trouble.set_visibility(False)
    content = ui.column().classes("full-width")
    shown: list[DataT] = []

    async def look() -> None:
        try:
            data = await load()
        except ApiError as error:
            trouble.set_text(str(error))
            trouble.set_visibility(True)
            return
        trouble.set_visibility(False)
        if shown != [data]:
            shown[:] = [data]
            content.clear()
            with content:
                draw(data)

    await look()
    ui.timer(seconds, look, immediate=False)
    return look


async def attempt(visit: Visit, act: Awaitable[DataT], done: str = "") -> DataT | None:
    """Do something, and tell how it went; ``None`` if it was refused."""
    try:
        result = await act
    except ApiError as error:
        ui.notify(str(error), type="negative", multi_line=True, close_button=visit.say("Close"), timeout=15_000)
        return None
    if done:
        ui.notify(visit.say(done), type="positive")
    return result


def figure(visit: Visit, title: str, value: str, hint: str = "") -> None:
    """A number that is looked at first."""
    with ui.card().classes("q-pa-md col-grow"):
        ui.label(visit.say(title)).classes("text-caption")
        ui.label(value).classes("text-h5")
        if hint:
            ui.label(hint).classes("text-caption text-grey-7")


def nothing(visit: Visit, words: str) -> None:
    """What stands where nothing is to be seen yet."""
    ui.label(visit.say(words)).classes("text-grey-7")
