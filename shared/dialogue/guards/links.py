"""Links, written out or disguised."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_TOP = r"(?:com|net|org|io|cn|co|info|biz|shop|top|xyz|me|ru|de|uk|app|site|online|store|club|vip|cc|link|live|icu)"
_LINK = re.compile(
    r"(?:https?|hxxps?|ftp|weixin|alipays?)://(?P<host1>[^\s/，。；！？）]{1,253})[^\s，。；！？）]{0,2048}"
    r"|(?<![@\w.-])www\.(?P<host2>[a-z0-9.-]{1,253})(?:/[^\s，。；！？）]{0,2048})?"
    rf"|(?<![@A-Za-z0-9_.-])(?P<host3>(?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.)+{_TOP})(?![A-Za-z0-9-])(?:/[^\s，。；！？）]{{0,2048}})?",
    re.IGNORECASE | re.ASCII,
)


def hosts(text: str) -> Iterator[str]:
    """The hosts of the links in a text, in small letters and without ``www.``."""
    for match in _LINK.finditer(text):
        host = next(group for group in match.groups() if group)
        yield host.rpartition("@")[2].partition(":")[0].casefold().removeprefix("www.").rstrip(".")


def has_link(text: str, allowed: Collection[str] = ()) -> bool:
    """Whether a text holds a link to a host that is neither allowed nor under one that is."""
    return any(not any(host == one or host.endswith(f".{one}") for one in allowed) for host in hosts(text))
