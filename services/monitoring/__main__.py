"""``python -m services.monitoring``: one process of monitoring."""

from __future__ import annotations

from services.monitoring.app import running
from services.monitoring.settings import MonitoringSettings
from shared.process import serve

if __name__ == "__main__":
    serve("monitoring", MonitoringSettings, running)
