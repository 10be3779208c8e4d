"""Libraries that would report to their makers are told not to, before any of them is imported.

This is the one thing that happens at import: ``shared`` and ``services`` import it before all else, since onnxruntime begins to collect
when it is imported, and no later call stops it. ``docs/security.md`` tells what each library would do.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from types import MappingProxyType

#: What keeps each library quiet. Each is a default: whoever sets a variable himself has asked for what it does.
QUIET = MappingProxyType(
    {
        # onnxruntime (Linux wheels since 1.29): a device id and a queue of events in the cache folder, sent to its maker.
        "ORT_DISABLE_TELEMETRY": "1",
        # huggingface_hub: names of libraries and their versions with each download, and a ping of its own.
        "HF_HUB_DISABLE_TELEMETRY": "1",
        # wandb: counts of what is done with it, and its failures; it looks its maker's host up even where it works offline.
        "WANDB_ERROR_REPORTING": "false",
        # mlflow: which of its functions are used. Of DO_NOT_TRACK it takes only the word "true" for a wish.
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # What other libraries have agreed to look at.
        "DO_NOT_TRACK": "1",
    }
)


def keep_quiet(environment: MutableMapping[str, str]) -> None:
    """Set what is not set."""
    for name, value in QUIET.items():
        environment.setdefault(name, value)


def keep_at_home(cache: Path, passing: Path) -> None:
    """Let libraries write into folders of ours and not into the user's; before they are imported.

    Args:
        cache: For what is of use again: matplotlib's list of fonts.
        passing: For what is not: wandb's logs and settings.
    """
    fonts = cache / "matplotlib"
    fonts.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("MPLCONFIGDIR", str(fonts))
    for name in ("CACHE", "CONFIG", "DATA", "ARTIFACT"):
        os.environ.setdefault(f"WANDB_{name}_DIR", str(passing / "wandb" / name.lower()))


keep_quiet(os.environ)
