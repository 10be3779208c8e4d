"""No dead links in the documentation. Addresses on the net are only checked for their form: tests need no network."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.architecture.source import ROOT

#: Folders at the root that hold nobody's documentation.
NOT_OURS = {"node_modules", "build", "dist"}

LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]+`")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def pages() -> list[Path]:
    found = (path for path in ROOT.rglob("*.md"))
    return sorted(path for path in found if not _hidden(path.relative_to(ROOT)))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part in NOT_OURS or part.endswith(".egg-info") for part in path.parts[:-1])


def links(page: Path) -> list[str]:
    prose = INLINE_CODE.sub("", FENCE.sub("", page.read_text(encoding="utf-8")))
    return [first or second for first, second in LINK.findall(prose)]


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    seen: dict[str, int] = {}
    result = set()
    for heading in headings:
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
        slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        result.add(slug if slug not in seen else f"{slug}-{seen[slug]}")
        seen[slug] = seen.get(slug, 0) + 1
    return result


def fault(page: Path, link: str, root: Path = ROOT) -> str | None:
    parts = urlsplit(link)
    if parts.scheme in ("http", "https"):
        return None if parts.hostname else "no host"
    if parts.scheme:
        return None if parts.scheme == "mailto" else f"scheme {parts.scheme}"
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.exists():
        return "no such file"
    if not target.is_relative_to(root):
        return "outside the repository"
    if parts.fragment and target.suffix == ".md" and unquote(parts.fragment) not in anchors(target):
        return "no such heading"
    return None


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert {link: found for link in links(page) if (found := fault(page, link))} == {}


def test_the_check_sees_dead_links(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `b` heading\n[a](none.md) [b](#none) [c](#a-b-heading) [d](https:///x)\n`[e](none.md)`\n")
    assert links(page) == ["none.md", "#none", "#a-b-heading", "https:///x"]
    assert anchors(page) == {"a-b-heading"}
    assert [fault(page, link, tmp_path) for link in links(page)] == ["no such file", "no such heading", None, "no host"]
    assert fault(page, "page.md", tmp_path / "elsewhere") == "outside the repository"
