"""Prometheus' rules and Grafana's dashboards ask for what the services count, and Prometheus itself can read them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from shared.telemetry import metrics
from tests.unit.infra.services import ROOT

DASHBOARDS = sorted((ROOT / "infra/grafana/dashboards").glob("*.json"))
#: Set by Prometheus itself, or by the buckets of a histogram.
ANYWHERE = {"job", "instance", "le"}
#: One naming scheme: our prefix, words, and a unit where there is one.
NAME = re.compile(r"parley(_[a-z]+)+")
UNITS = ("_seconds", "_bytes", "_ratio", "_info")


def ours() -> dict[str, MetricWrapperBase]:
    return {described(found).name: found for found in vars(metrics).values() if isinstance(found, MetricWrapperBase)}


def described(metric: MetricWrapperBase) -> Metric:
    (found,) = metric.describe()
    return found


def labels_of() -> dict[str, set[str]]:
    """The labels of every sample that a service exposes, by the name of the sample."""
    found = {}
    for name, metric in ours().items():
        for suffix in ("", "_total", "_bucket", "_sum", "_count"):
            found[name + suffix] = {*metric._labelnames}
    return found


def rules() -> list[dict[str, Any]]:
    loaded = yaml.safe_load((ROOT / "infra/prometheus/alerts.yml").read_text("utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def dashboard(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def questions() -> Iterator[tuple[str, str]]:
    """Every expression, with the place where it stands."""
    for rule in rules():
        yield f"alerts.yml: {rule['alert']}", rule["expr"]
    for path in DASHBOARDS:
        for panel in dashboard(path)["panels"]:
            for target in panel["targets"]:
                yield f"{path.name}: {panel['title']}", target["expr"]


def unknown(expression: str) -> set[str]:
    """Metrics that nobody exposes, and labels that a metric does not have."""
    known, found = labels_of(), set[str]()
    used = re.findall(r"(parley_[a-z_]+)(?:\{([^}]*)\})?", expression)
    found |= {name for name, _ in used if name not in known}
    for name, selected in used:
        found |= (
            set(re.findall(r"([a-z_]+)\s*[!=]~?\"", re.sub(r'"[^"]*"', '""', selected)))
            - known.get(name, set())
            - ANYWHERE
        )
    grouped = {label.strip() for inside in re.findall(r"by \(([^)]*)\)", expression) for label in inside.split(",")}
    everything = ANYWHERE.union(*(known.get(name, set()) for name, _ in used))
    return found | (grouped - everything)


def test_what_is_asked_for_is_counted() -> None:
    asked = list(questions())
    assert len(asked) > 40
    assert {place: lacking for place, expression in asked if (lacking := unknown(expression))} == {}


def test_the_check_sees_what_nobody_counts() -> None:
    assert unknown("rate(parley_httq_requests_total[5m])") == {"parley_httq_requests_total"}
    assert unknown('sum(parley_queue_messages{quue="dead"})') == {"quue"}
    assert unknown("sum by (colour) (parley_queue_messages)") == {"colour"}


def test_metrics_have_one_naming_scheme() -> None:
    for name, metric in ours().items():
        assert NAME.fullmatch(name), name
        assert described(metric).documentation.endswith("."), f"{name} is not explained in a sentence"
        if described(metric).type == "histogram":
            assert name.endswith(UNITS) or name == "parley_batch_size", f"{name} tells no unit"
    theirs = {found.name for found in REGISTRY.collect() if found.name.startswith("parley_")}
    assert theirs == set(ours()), "a metric stands outside of shared/telemetry/metrics.py"


def test_the_documentation_tells_every_metric() -> None:
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    told = set(re.findall(r"^\| `(parley_[a-z_]+)` \|", page, re.MULTILINE))
    assert told == set(ours())


def test_dashboards_are_found_and_read_from_the_data_source_that_is_provisioned() -> None:
    provisioning = ROOT / "infra/grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text("utf-8"))["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/parley.yml").read_text("utf-8"))["providers"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    assert source["url"] == "http://prometheus:9090"
    mounted = dict(volume.split(":")[:2] for volume in compose["grafana"]["volumes"])
    assert mounted["./infra/grafana/dashboards"] == provider["options"]["path"]
    assert mounted["./infra/grafana/provisioning"] == compose["grafana"]["environment"]["GF_PATHS_PROVISIONING"]
    assert compose["grafana"]["profiles"] == ["grafana"]
    assert len(DASHBOARDS) == 3
    for path in DASHBOARDS:
        found = dashboard(path)
        panels = found["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
        assert all(panel["description"] for panel in panels)
    assert len({dashboard(path)["uid"] for path in DASHBOARDS}) == len(DASHBOARDS)


def test_every_alert_says_how_bad_it_is_and_what_it_means() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)


def test_prometheus_reads_rules_and_expressions(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    asked = [{"record": f"asked:{number}", "expr": with_interval(one)} for number, (_, one) in enumerate(questions())]
    file = tmp_path / "expressions.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": asked}]}), "utf-8")
    for path in (ROOT / "infra/prometheus/alerts.yml", file):
        checked = subprocess.run([promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def with_interval(expression: str) -> str:
    """As Grafana fills it in."""
    return expression.replace("$__rate_interval", "1m")
