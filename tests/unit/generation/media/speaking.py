"""Speech for tests, made by espeak-ng."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None and not os.environ.get("CI"), reason="espeak-ng speaks in this test; install it"
)


def spoken(text: str, *, voice: str = "en", speed: int = 150) -> bytes:
    """A WAV file in which a text is said."""
    command = ["espeak-ng", "--stdout", "-v", voice, "-s", str(speed), text]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
