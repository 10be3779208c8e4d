"""``python -m tests.load.quality [SET ...]``: trains on the public sets, one process each, and writes docs/quality.md.

Figures of sets that are not named stay those of their last run, kept below ``build/quality``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from tests.load.quality_data import SOURCES
from tests.load.quality_report import report
from tests.load.quality_run import Measured, measure

_KEPT = Path("build/quality")
_REPORT = Path("docs/quality.md")
_BY_HAND = "<!-- From here on by hand, of what other commands print. -->"


def main() -> None:
    """Measure each set in a process of its own, so that its peak memory is its own, then write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", choices=[*SOURCES, []], help="sets to measure; all if none is named")
    parser.add_argument("--here", action="store_true", help="measure in this process and keep the figures")
    parser.add_argument("--report", action="store_true", help="only write the report again")
    arguments = parser.parse_args()
    names = [] if arguments.report else arguments.sets or list(SOURCES)
    if arguments.here:
        for name in names:
            _keep(name, measure(name))
        return
    for name in names:
        print(f"{name}:", flush=True)
        subprocess.run([sys.executable, "-m", "tests.load.quality", "--here", name], check=True)
    page = report({name: _kept(name) for name in SOURCES if _file(name).exists()})
    _REPORT.write_text(f"{page}\n{_by_hand()}", encoding="utf-8")
    print(f"written: {_REPORT}")


def _by_hand() -> str:
    """The end of the page, which other commands' figures are written into by hand."""
    _, marker, rest = _REPORT.read_text(encoding="utf-8").partition(_BY_HAND)
    return marker + rest


def _keep(name: str, measured: Measured) -> None:
    _KEPT.mkdir(parents=True, exist_ok=True)
    _file(name).write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


def _kept(name: str) -> Measured:
    return Measured(**json.loads(_file(name).read_text(encoding="utf-8")))


def _file(name: str) -> Path:
    return _KEPT / f"{name}.json"


if __name__ == "__main__":
    main()
