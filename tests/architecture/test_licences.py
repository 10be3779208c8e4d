"""Everything that is installed with Parley may be used, changed and passed on without conditions on our own code."""

from __future__ import annotations

import re
from importlib import metadata

from tests.architecture.source import ROOT

#: SPDX identifiers and the names that older packages use.
PERMISSIVE = re.compile(
    r"""^(
        MIT(-0|-CMU|\ License)? | (New\ |3-Clause\ )?BSD(-[0123]-Clause|\ 3-Clause)?(\ License)? | 0BSD | ISC\ License(\ \(ISCL\))?
        | Apache(-2\.0|\ 2\.0)?(\ License)?(\ WITH\ LLVM-exception)? | Apache\ Software\ License
        | PSF-2\.0 | Python\ Software\ Foundation\ License | CNRI-Python | Zlib | CC0-1\.0 | BSL-1\.0 | DFSG\ approved
        | Dual\ License | BSD-3-Clause\ and\ Public-Domain
    )$""",
    re.VERBOSE,
)

#: Weak copyleft, by file: it binds those who change the package itself, which we do not.
EXCEPTIONS = {
    "bidict": "MPL-2.0: used as it is, through NiceGUI",
    "certifi": "MPL-2.0: a list of certificates, used as it is",
    "hypothesis": "MPL-2.0: a tool of the tests, not passed on with Parley",
    "orjson": "MPL-2.0 in part: used as it is, through NiceGUI",
    "pathspec": "MPL-2.0: a part of mypy, not passed on with Parley",
    "tqdm": "MPL-2.0 AND MIT: used as it is, through transformers",
}

#: Packages whose copyleft is that of a file which is not installed.
LEFT_OUT = {"docutils": "rst.el"}


def distributions() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines)
    return [name.group() for name in names if name]


def licences(name: str) -> list[str]:
    """What a package says of its licence: the SPDX expression, else the classifiers, else the free text."""
    described = metadata.metadata(name)
    expression = _first(described.get_all("License-Expression"))
    if expression:
        return re.split(r" AND | OR ", expression)
    classifiers = [
        entry
        for entry in described.get_all("Classifier") or []
        if entry.startswith("License ::") and entry != "License :: OSI Approved"
    ]
    if classifiers:
        return [entry.rpartition(" :: ")[2] for entry in classifiers]
    return [_first(described.get_all("License")).strip()]


def _first(values: list[str] | None) -> str:
    return values[0] if values else ""


def is_installed(name: str) -> bool:
    """What is pinned for other platforms only is judged there."""
    return any(True for _ in metadata.Distribution.discover(name=name))


def test_every_licence_is_permissive() -> None:
    judged = [name for name in distributions() if is_installed(name) and name not in EXCEPTIONS | LEFT_OUT]
    assert len(judged) > 50
    assert {name: licences(name) for name in judged if not all(map(PERMISSIVE.match, licences(name)))} == {}


def test_every_exception_is_needed_and_no_worse_than_described() -> None:
    assert EXCEPTIONS.keys() - set(distributions()) == set()
    for name in EXCEPTIONS:
        assert any("MPL" in licence or "Mozilla" in licence for licence in licences(name)), name


def test_what_is_under_another_licence_is_not_installed() -> None:
    for name, left_out in LEFT_OUT.items():
        files = metadata.files(name) or []
        assert files
        assert not [file for file in files if file.name == left_out]


def test_a_copyleft_licence_would_be_refused() -> None:
    for licence in ("GPL-3.0-only", "LGPL-3.0", "GNU Affero General Public License v3", "MPL-2.0", "", "MIT-ish"):
        assert not PERMISSIVE.match(licence)
