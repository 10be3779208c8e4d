"""The main job on the containers of docker-compose.yml, how they are locked down, and what a stop leaves behind.

``make stack`` starts them; ``make test-stack`` runs this. It applies the starter bot and, while it lasts, serves a model of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import waiting
from tests.end_to_end import scenario
from tests.end_to_end.containers import Container, compose, containers, execute, scales, stack
from tests.end_to_end.platforms import Platform, wait_for, wait_until_ready

pytestmark = pytest.mark.stack

PARLEY = ("gateway", "nlu", "generation", "monitoring", "channels", "training")


@pytest.fixture(scope="module")
def platform() -> Platform:
    return stack()


@pytest.fixture(scope="module")
def model(platform: Platform) -> Iterator[str]:
    """The main job is done once; its model is in production until the end of the tests, whatever was before."""
    scenario.apply_starter_bot(platform)
    before = in_production(platform)
    model_id = scenario.run_main_job(platform, promotion={"mode": "manual"})
    promote(platform, model_id)
    wait_for(lambda: served_by_all(model_id), "the model in every nlu process", platform, 120)
    wait_until_ready(platform, timeout=60)
    yield model_id
    if before is not None:
        promote(platform, before)


def in_production(platform: Platform) -> str | None:
    with platform.http() as http:
        models = http.get("/v1/models").raise_for_status().json()["data"]
    return next((model["id"] for model in models if model["id"].startswith("ft:") and model["production"]), None)


def promote(platform: Platform, model_id: str) -> None:
    with platform.http() as http:
        http.post(f"/v1/models/{model_id}/promote", json={"force": True}).raise_for_status()


def served_by_all(model_id: str) -> bool:
    """A promotion reaches one process after the other: for a moment two models answer."""
    figures = (
        "python",
        "-c",
        "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/metrics').read().decode())",
    )
    loaded = f'parley_model_loaded{{model="{model_id}",slot="nlu"}} 1.0'
    return all(loaded in execute(c, *figures).stdout for c in containers() if c.service.removesuffix("-gpu") == "nlu")


def wait_until_healthy(seconds: float) -> None:
    def unhealthy() -> set[tuple[str, str]]:
        return {(c.service, c.health) for c in containers() if c.health != "healthy"}

    waiting.wait_for(lambda: not unhealthy(), seconds, lambda: f"health of {unhealthy()}", pause=0.2)


def test_every_container_is_healthy() -> None:
    """Soon at least: one that was added a moment ago is starting."""
    wait_until_healthy(60)


def test_the_main_job(platform: Platform, model: str) -> None:
    scenario.check_model(platform, model)
    scenario.check_chat(platform)
    scenario.check_embeddings(platform)
    scenario.check_conversation(platform)
    scenario.check_sentiment(platform)


def test_a_stop_and_a_start_lose_nothing(platform: Platform, model: str) -> None:
    """``down`` removes the containers: what they kept outside of volumes is gone."""
    with platform.http() as http:
        conversation = http.post("/v1/conversations", json={}).raise_for_status().json()["id"]
        path = f"/v1/conversations/{conversation}/messages"
        http.post(path, json={"content": "hello there"}).raise_for_status()
        told = [http.get(where).raise_for_status().json() for where in (path, "/v1/bots", "/v1/fine_tuning/jobs")]
        trend = counted(http.get("/v1/sentiment/trends?stream=press").raise_for_status().json())
    before = containers()
    compose("down")
    compose("up", "-d", *scales(before))
    wait_until_healthy(180)
    wait_until_ready(platform, timeout=60)
    with platform.http() as http:
        again = [http.get(where).raise_for_status().json() for where in (path, "/v1/bots", "/v1/fine_tuning/jobs")]
        assert again == told
        assert counted(http.get("/v1/sentiment/trends?stream=press").raise_for_status().json()) == trend
    scenario.check_model(platform, model)
    scenario.check_chat(platform)
    assert sorted(c.service for c in containers()) == sorted(c.service for c in before)


def counted(trends: dict[str, list[dict[str, int]]]) -> int:
    return sum(point["negative"] + point["neutral"] + point["positive"] for point in trends["data"])


@pytest.mark.parametrize(
    "container", [pytest.param(name, id=name) for name in (*PARLEY, "rabbitmq", "postgres", "prometheus")]
)
def test_a_container_can_do_no_more_than_it_needs(container: str) -> None:
    found = [c for c in containers() if c.service.removesuffix("-gpu") == container]
    assert found
    for one in found:
        host = one.facts["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert not host["Privileged"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert host["Memory"] > 0
        assert host["PidsLimit"] > 0
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert status(one, "Uid").split() != ["0"] * 4
        assert int(status(one, "CapEff"), 16) == 0
        assert execute(one, "touch", "/written").returncode != 0


def status(container: Container, field: str) -> str:
    """A field of what the kernel says about the first process of a container."""
    lines = execute(container, "cat", "/proc/1/status").stdout.splitlines()
    (value,) = [line.partition(":")[2].strip() for line in lines if line.startswith(f"{field}:")]
    return value


def test_only_the_gateway_can_be_reached_from_elsewhere() -> None:
    published = {
        (c.service, binding["HostIp"])
        for c in containers()
        for bindings in c.facts["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    }
    assert {service for service, address in published if address != "127.0.0.1"} == {"gateway"}
    assert {service for service, _ in published} == {"gateway", "prometheus"}


@pytest.mark.parametrize("service", PARLEY)
def test_an_image_holds_its_service_alone(service: str) -> None:
    (one, *_) = [c for c in containers() if c.service.removesuffix("-gpu") == service]
    assert execute(one, "ls", "/app/services").stdout.split() == ["__init__.py", "__pycache__", service]
    has_torch = execute(one, "python", "-c", "import importlib.util as u; raise SystemExit(not u.find_spec('torch'))")
    assert (has_torch.returncode == 0) == (service == "training")


def test_no_container_prints_a_secret(platform: Platform) -> None:
    log = compose("logs", "--no-color")
    assert len(log) > 1000
    assert platform.key not in log
