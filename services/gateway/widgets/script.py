"""The widget's script as it travels: without what only its readers need."""

from __future__ import annotations

import re

_COMMENTS = ("//", "/*", "*")
_BEHIND = re.compile(r"\s+// [^\"'`]*$")
_BROKEN = '" +\n"'


def small(source: str) -> str:
    """The script without indentation and comments, and with broken texts in one piece.

    Lines stay lines: where a statement ends is not decided anew.
    """
    lines = (_BEHIND.sub("", line.strip()) for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(_COMMENTS)).replace(_BROKEN, "")
