from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.audit import CLEAN, NOT_AUDITED, VULNERABLE, findings, status
from tests.architecture.source import ROOT

CLEAN_PACKAGE: dict[str, Any] = {"name": "a", "version": "1.0", "vulns": []}
UNKNOWN: dict[str, Any] = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited: b (1.0)"}
ADVISORY = {"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": [], "description": "bad"}
BROKEN: dict[str, Any] = {"name": "c", "version": "1.0", "vulns": [ADVISORY]}


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ([CLEAN_PACKAGE], CLEAN),
        ([CLEAN_PACKAGE, UNKNOWN], NOT_AUDITED),
        ([UNKNOWN], NOT_AUDITED),
        ([CLEAN_PACKAGE, UNKNOWN, BROKEN], VULNERABLE),
        ([], NOT_AUDITED),
    ],
)
def test_the_status_tells_clean_from_vulnerable_from_not_looked_up(packages: list[Any], expected: int) -> None:
    found = findings(json.dumps({"dependencies": packages, "fixes": []}))
    assert status(found) == expected
    assert found.vulnerable == (("c 1.0: PYSEC-1, mended in 1.1",) if BROKEN in packages else ())


def test_no_report_is_no_audit() -> None:
    assert status(findings("")) == NOT_AUDITED


def test_without_a_connection_it_says_so() -> None:
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.architecture.audit"],
        env=os.environ | nowhere | {"NO_PROXY": "", "no_proxy": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == NOT_AUDITED, ran.stderr
    assert "NOT AUDITED: none of pypi, osv could be reached" in ran.stdout


def test_all_that_parley_installs_is_pinned_so_that_the_audit_and_the_licence_check_see_it() -> None:
    pinned = {canonicalize_name(Requirement(line).name) for line in (ROOT / "constraints.txt").read_text().splitlines()}
    installed = closure()
    assert len(installed) > 100
    assert installed - pinned - {"parley", "pip", "setuptools"} == set()


def closure() -> set[str]:
    """The names of all that ``pip install parley[dev]`` brings, on this platform."""
    seen: set[tuple[str, str]] = set()
    waiting = {("parley", "dev")}
    while waiting:
        name, extra = waiting.pop()
        seen.add((name, extra))
        waiting |= set(requirements(name, extra)) - seen
    return {name for name, _ in seen}


def requirements(name: str, extra: str) -> Iterator[tuple[str, str]]:
    """What a distribution with an extra (or none, ``""``) requires: each name without extra, and with each wanted."""
    for line in required_by(name):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            for wanted in ("", *requirement.extras):
                yield canonicalize_name(requirement.name), wanted


def required_by(name: str) -> list[str]:
    if name != "parley":
        return metadata.requires(name) or []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra, optional in project["optional-dependencies"].items():
        lines += [f"{line.partition(';')[0]}; extra == '{extra}'" for line in optional]
    return lines
