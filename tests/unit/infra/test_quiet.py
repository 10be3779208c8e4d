"""What keeps libraries quiet is set wherever they are started from."""

from __future__ import annotations

import re

import pytest
import yaml

from shared.quiet import QUIET
from tests.unit.infra.services import ROOT


def read(place: str) -> str:
    return (ROOT / place).read_text("utf-8")


@pytest.mark.parametrize(("name", "value"), QUIET.items())
def test_every_way_to_start_keeps_libraries_quiet(name: str, value: str) -> None:
    compose = yaml.safe_load(read("docker-compose.yml"))["x-environment"]
    cluster = yaml.safe_load(read("infra/k8s/base/settings.yaml"))["data"]
    assert (compose.get(name), cluster.get(name)) == (value, value)
    assert re.search(rf"^    {name}={value} \\$", read("infra/docker/Dockerfile"), re.MULTILINE)
    assert re.search(rf"^export {name} := {value}$", read("Makefile"), re.MULTILINE)
    assert name in read("docs/security.md")
