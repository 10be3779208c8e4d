#!/usr/bin/env bash
# NiceGUI 3.18.0: a rule of a page's own stylesheet loses to Quasar's, though both are !important and the page's is more specific and comes later.
#
# A good guess from years of CSS would be that the later and more specific of two !important rules wins, and that whatever a page adds with ui.add_css stands above the
# library. NiceGUI puts Quasar's rules into cascade layers, its !important ones into the last of them ("quasar_importants"). Among normal rules a later layer wins, and rules
# outside of all layers win over every layer; among !important rules the order is the other way round (CSS Cascading and Inheritance Level 5, section 6.1): those of *earlier* layers win, and those
# outside of all layers lose to all. So a colour of Quasar's (.text-primary, .bg-white, ...) can be overridden from an earlier layer alone, such as the first one, "theme", and only with !important there too.
#
# Needs Chromium on the PATH. Seen, in the last lines below:
#   outside of the layers, !important, more specific: rgb(88, 152, 212)
#   in the layer "theme", !important: rgb(1, 2, 3)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nicegui==3.18.0 playwright==1.65.2
cat > "$folder/page.py" <<'PYTHON'
import sys

from nicegui import ui


@ui.page("/{where}")
def page(where: str) -> None:
    rule = "body .text-primary.text-primary { color: rgb(1, 2, 3) !important; }"
    ui.add_head_html(f"<style>{rule}</style>" if where == "outside" else f"<style>@layer theme {{ {rule} }}</style>")
    ui.label("words").classes("text-primary")


ui.run(host="127.0.0.1", port=int(sys.argv[1]), show=False, reload=False)
PYTHON
cat > "$folder/shown.py" <<'PYTHON'
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = subprocess.Popen(
    [sys.executable, str(Path(__file__).with_name("page.py")), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
)
try:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        shown = []
        for where in ("outside", "theme"):
            tab = browser.new_page()
            tab.goto(f"http://127.0.0.1:{port}/{where}")
            words = tab.get_by_text("words")
            words.wait_for()
            shown.append(words.evaluate("element => getComputedStyle(element).color"))
        browser.close()
finally:
    server.terminate()
print("outside of the layers, !important, more specific:", shown[0])
print('in the layer "theme", !important:', shown[1])
sys.exit(shown != ["rgb(88, 152, 212)", "rgb(1, 2, 3)"])
PYTHON
"$folder/venv/bin/python" "$folder/shown.py"
