"""The form to sign in: plain HTML without a script, so that nothing of it needs the pages' socket."""

from __future__ import annotations

from html import escape

from services.console.visit import Language, say

_FORM = """<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>Parley</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root{{color-scheme:light dark}}body{{font-family:system-ui,sans-serif;display:grid;place-items:center;min-height:100vh;margin:0;background:Canvas}}
form{{display:grid;gap:.8rem;width:min(22rem,90vw)}}input,button{{font:inherit;padding:.6rem}}p[role=alert]{{color:light-dark(#b3000f,#ff9e96)}}</style></head>
<body><main><form method="post" action="/sign-in"><h1>Parley</h1>{trouble}
<input type="hidden" name="next" value="{target}">
<label for="key">{label}</label><input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button type="submit">{button}</button></form></main></body></html>"""


def sign_in_form(language: Language, target: str, trouble: str = "") -> str:
    """The page; ``target`` is where it leads, ``trouble`` why it has not worked."""
    return _FORM.format(
        language="zh-CN" if language == "zh" else "en",
        target=escape(target, quote=True),
        label=escape(say("API key", language)),
        button=escape(say("Sign in", language)),
        trouble=f'<p role="alert">{escape(trouble)}</p>' if trouble else "",
    )
