"""``make audit``: do the pinned dependencies have known vulnerabilities?

``pip-audit`` counts a package that it could not look up as one without vulnerabilities, and ends with success. Here silence
is no good news: what was not looked up is named, and has an exit status of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.architecture.source import ROOT

CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 3
#: Where advisories are, in the order in which they are asked.
SERVICES = ("pypi", "osv")
SECONDS = 300


@dataclass(frozen=True)
class Findings:
    """What a service told.

    Attributes:
        audited: Packages that it knows.
        unknown: Packages that it could not look up.
        vulnerable: A line for each vulnerability.
    """

    audited: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    vulnerable: tuple[str, ...] = ()


def main() -> int:
    """Ask the services until one knows the packages; prints a summary, and returns the exit status."""
    found = Findings()
    for service in SERVICES:
        found = findings(_asked(service))
        if found.audited:
            break
    for line in found.vulnerable:
        print(line)
    print(f"{len(found.audited)} packages audited, {len(found.vulnerable)} vulnerabilities.")
    if not found.audited:
        print(
            f"NOT AUDITED: none of {', '.join(SERVICES)} could be reached or knew the packages. Run this with a connection."
        )
    elif found.unknown:
        print(f"NOT AUDITED: {', '.join(found.unknown)}")
    return status(found)


def findings(report: str) -> Findings:
    """What a report of pip-audit in JSON says; without a report nothing was audited."""
    try:
        packages: Sequence[dict[str, Any]] = json.loads(report)["dependencies"]
    except ValueError:
        return Findings()
    return Findings(
        audited=tuple(package["name"] for package in packages if "skip_reason" not in package),
        unknown=tuple(package["name"] for package in packages if "skip_reason" in package),
        vulnerable=tuple(
            f"{package['name']} {package['version']}: {entry['id']}, mended in {', '.join(entry['fix_versions']) or 'no version'}"
            for package in packages
            for entry in package.get("vulns", ())
        ),
    )


def status(found: Findings) -> int:
    """The exit status: a vulnerability weighs more than a package that could not be looked up."""
    if found.vulnerable:
        return VULNERABLE
    return CLEAN if found.audited and not found.unknown else NOT_AUDITED


def _asked(service: str) -> str:
    """The report of pip-audit on ``constraints.txt``, empty if it could not make one."""
    options = ("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--vulnerability-service")
    command = (sys.executable, "-m", "pip_audit", "--requirement", "constraints.txt", *options, service)
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS).stdout
    except subprocess.TimeoutExpired:
        return ""


if __name__ == "__main__":
    sys.exit(main())
