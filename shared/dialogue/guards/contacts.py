"""Ways to reach somebody, and numbers that belong to somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.dialogue.guards.rules import one_form
from shared.privacy.finding import find

#: The name that somebody has at a messenger.
_HANDLES = re.compile(
    r"\b(?:whats\s?app|telegram|we\s?chat|skype|signal|line|instagram|snapchat|viber|qq)\b(?:\s(?:me|id|under|at|on|is|name|number|handle)){0,3}[\s:：@]{1,3}(?P<one>@?[A-Za-z0-9_.+-]*[\d_.@][A-Za-z0-9_.+-]*|@[A-Za-z0-9_]{3,32})"
    r"|(?:微信|薇信|威信|QQ|电报|telegram)(?:号|号码|账号)?(?:是|为|上找我|上加我|加|:|：|\s){0,4}(?P<two>@?[A-Za-z0-9_-]{5,32})"
    r"|\b(?:number|phone|mobile|extension)\b(?:\s(?:is|at|:)){0,2}\s{0,3}(?P<four>\+?\d[\d\s()-]{5,18}\d)"
    r"|(?P<three>\b[a-z0-9._-]{2,64}\s(?:at|\(at\)|\[at\])\s[a-z0-9-]{2,64}\s(?:dot|\(dot\)|\[dot\])\s[a-z]{2,10}\b)",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[^a-z0-9]")


def contacts(text: str) -> Iterator[str]:
    """Each of them as it is compared: small letters and digits alone."""
    form = one_form(text)
    for span in find(form):
        yield _SIGNS.sub("", form[span.start : span.end].casefold())
    for match in _HANDLES.finditer(form):
        yield _SIGNS.sub("", next(group for group in match.groups() if group).casefold())
