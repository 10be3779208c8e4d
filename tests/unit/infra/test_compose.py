"""``docker-compose.yml`` and what belongs to it: in agreement with the code, locked down, and without a secret."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.training.settings import TrainingSettings
from shared.settings import read_settings
from tests.architecture.test_extras import IMAGES
from tests.unit.infra.services import ROOT, SETTINGS, unknown_keys, version

GPU = "-gpu"
OURS = {*SETTINGS, "nlu-gpu", "training-gpu"}
VARIABLE = re.compile(r"\$\{([A-Z_]+)[^}]*\}")


def source() -> str:
    return (ROOT / "docker-compose.yml").read_text("utf-8")


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(source())["services"]
    return found


def settings_file() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_service_of_ours_is_there() -> None:
    assert services().keys() == OURS | {"rabbitmq", "postgres", "prometheus", "grafana"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_gets_the_settings_it_knows(name: str) -> None:
    environment = services()[name]["environment"]
    assert unknown_keys(name.removesuffix(GPU), set(environment)) == set()
    assert ("PARLEY_API_KEY" in environment) == (name in ("gateway", "cli"))


@pytest.mark.parametrize("name", sorted(OURS))
def test_an_image_is_made_of_its_extras(name: str) -> None:
    found = services()[name]
    arguments = found["build"]["args"]
    service = name.removesuffix(GPU)
    extras = set(arguments["EXTRAS"].split(","))
    assert arguments["SERVICE"] == service
    assert (extras - {"gpu"} | {"cpu"} if name == "nlu-gpu" else extras) == IMAGES[service]
    assert found["image"] == f"parley/{service}:{version()}{GPU if name.endswith(GPU) else ''}"


@pytest.mark.parametrize("name", sorted(services()))
def test_a_container_can_do_no_more_than_it_needs(name: str) -> None:
    found = services()[name]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["mem_limit"]
    assert found["pids_limit"]
    assert found["restart"] == ("no" if name == "cli" else "unless-stopped")
    assert "USER 10001:10001" in dockerfile() if name in OURS else found["user"] not in ("", "root", "0")


def dockerfile() -> str:
    return (ROOT / "infra/docker/Dockerfile").read_text("utf-8")


def test_only_the_gateway_can_be_reached_from_elsewhere() -> None:
    published = {name: found["ports"] for name, found in services().items() if "ports" in found}
    assert published.keys() == {"gateway", "console", "prometheus", "grafana"}
    for name in ("console", "prometheus", "grafana"):
        assert published[name][0].startswith("127.0.0.1:")


def test_every_variable_is_in_the_example_and_no_secret_is() -> None:
    used = set(VARIABLE.findall(source()))
    assert {name for name in settings_file() if not name.startswith("COMPOSE_")} == used
    secrets = {name: value for name, value in settings_file().items() if re.search("PASSWORD|KEY|SECRET", name)}
    assert len(secrets) == 3
    assert set(secrets.values()) == {""}
    for name in secrets:
        assert set(re.findall(rf"\$\{{{name}([^}}]*)\}}", source())) == {
            ":?is not set; 'make stack' writes it into .env"
        }


def test_probes_and_prometheus_ask_where_the_services_answer() -> None:
    assert "http://127.0.0.1:8000/health" in dockerfile()
    for name in OURS - {"gateway", "console", "cli"}:
        assert services()[name]["environment"]["PARLEY_HEALTH_PORT"] == "8000"
    assert services()["gateway"]["environment"]["PARLEY_PORT"] == "8000"
    assert services()["console"]["environment"]["PARLEY_CONSOLE_PORT"] == "8000"
    scraped = {job["job_name"]: job for job in prometheus("prometheus.yml")["scrape_configs"]}
    assert scraped.keys() == SETTINGS.keys() - {"cli", "console"} | {"rabbitmq"}
    for name in SETTINGS.keys() - {"cli", "console"}:
        (target,) = scraped[name]["dns_sd_configs"]
        assert (target["names"], target["port"]) == ([name], 8000)


def prometheus(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "infra/prometheus" / name).read_text("utf-8"))
    return found


def test_the_broker_waits_longer_than_a_training_may_last() -> None:
    conf = (ROOT / "infra/rabbitmq/rabbitmq.conf").read_text("utf-8")
    (milliseconds,) = re.findall(r"^consumer_timeout = (\d+)$", conf, re.MULTILINE)
    assert int(milliseconds) / 1000 > read_settings(TrainingSettings).training_limit_seconds


def test_secrets_are_made_once_and_readable_by_nobody_else(tmp_path: Path) -> None:
    first, second = ({**write_settings(tmp_path / name)} for name in ("one", "two"))
    assert first.keys() == settings_file().keys()
    for name, value in settings_file().items():
        if value:
            assert first[name] == value
        else:
            assert len(first[name]) >= 48
            assert first[name] != second[name]
    assert (
        len({first["PARLEY_API_KEY"].removeprefix("pk-"), first["RABBITMQ_PASSWORD"], first["POSTGRES_PASSWORD"]}) == 3
    )
    assert write_settings(tmp_path / "one") == first


def write_settings(folder: Path) -> dict[str, str]:
    (folder / "infra").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / ".env.example", folder)
    shutil.copy(ROOT / "infra/stack.sh", folder / "infra")
    subprocess.run([folder / "infra/stack.sh", "settings"], check=True, capture_output=True)
    written = folder / ".env"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    lines = written.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_an_image_can_hold_no_secret_and_no_test() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in lines
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert allowed == {
        "LICENSE",
        "constraints.txt",
        "pyproject.toml",
        "infra/docker/constraints-gpu.txt",
        "services",
        "shared",
    }
