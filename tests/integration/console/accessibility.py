"""axe-core (MPL-2.0) over the pages: fetched from the npm registry when it is needed, never a part of what is shipped."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.infrastructure import missing

AXE = "axe-core@4.14.1"
#: Criteria of WCAG 2.1, levels A and AA.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
#: The framework's uploader puts the field of the file into its button, one control of which is hidden from everybody.
_BUT = ".q-uploader__header-content a"
_RUN = "([rules, but]) => axe.run({exclude: [[but]]}, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})"


def axe_source(folder: Path) -> str:
    """Its script; the package is kept in a folder. Where it cannot be had the test is skipped, or fails where CI is set."""
    package = folder / f"{AXE.replace('@', '-')}.tgz"
    if not package.exists():
        npm = shutil.which("npm")
        if npm is None:
            missing("npm is not installed; apt-get install npm")
        command = [str(npm), "pack", AXE, "--silent", "--pack-destination", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            missing(f"npm cannot fetch {AXE}: {done.stderr[-200:]}")
    with tarfile.open(package) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def violations(page: Page, axe: str) -> list[str]:
    """What is against a criterion on a page: rule, first element, and how many there are."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate(_RUN, [_RULES, _BUT])
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} ({len(one['nodes'])}) {one['nodes'][0]['failureSummary']}"
        for one in found["violations"]
    ]
