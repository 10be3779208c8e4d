"""``/health``."""

from __future__ import annotations

from typing import Literal

from services.gateway.http.bodies.schemas import Reply


class Live(Reply):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Reply):
    """Whether a turn would be answered; if not, each problem in a sentence."""

    status: Literal["ready", "not_ready"]
    problems: dict[str, str]
