"""The manifests of ``infra/k8s``: valid, locked down, and in agreement with the code and the compose file."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from sqlmodel import text

from shared.messaging.topology import Queues
from shared.storage.database.engine import open_database
from shared.storage.training import jobs
from tests.unit.infra.kustomize import Manifest, documents, render
from tests.unit.infra.services import ROOT, unknown_keys, version
from tests.unit.storage.builders import a_job

OVERLAYS = ("cpu", "gpu")
KUBERNETES = "1.33"
SERVICES = {"gateway", "console", "nlu", "generation", "recommendation", "monitoring", "channels", "training"}
#: Clients of the gateway: they know no broker and no database, and count nothing.
CLIENTS = {"console"}
#: Where those listen that have HTTP of their own.
PORTS = {"gateway": "PARLEY_PORT", "console": "PARLEY_CONSOLE_PORT"}
#: Made by hand, from what the operator knows.
SECRET = ("parley", {"broker-url", "database-url", "api-key", "console-secret"})


def manifests(overlay: str, kind: str | None = None) -> list[Manifest]:
    found = render(ROOT / "infra/k8s/overlays" / overlay)
    return [manifest for manifest in found if kind in (None, manifest["kind"])]


def deployments(overlay: str) -> dict[str, Manifest]:
    return {found["metadata"]["name"]: found for found in manifests(overlay, "Deployment")}


def pod(deployment: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def container(deployment: Manifest) -> dict[str, Any]:
    (found,) = pod(deployment)["containers"]
    return dict(found)


def check(manifest: Manifest) -> None:
    """Against KEDA's kinds, else those of Kubernetes; a field that the kind does not have is an error."""
    if manifest["apiVersion"].startswith("keda.sh/"):
        (schemas,) = documents(Path(__file__).with_name("keda.yaml"))
        jsonschema.validate(manifest, schemas[manifest["kind"]])
    else:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_valid(overlay: str) -> None:
    found = manifests(overlay)
    assert len(found) > 15
    for manifest in found:
        check(manifest)
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in found]
    assert len(set(names)) == len(names)


def test_the_check_sees_what_is_wrong() -> None:
    nlu = deployments("cpu")["nlu"]
    container(nlu)["resources"]["requests"]["cpu"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        check(nlu)
    with pytest.raises(kubernetes_validate.ValidationError):
        check({**deployments("cpu")["nlu"], "specs": {}})
    scaled = manifests("cpu", "ScaledObject")[0]
    scaled["spec"]["triggers"][0]["metadata"]["value"] = 64
    with pytest.raises(jsonschema.ValidationError):
        check(scaled)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_renders_the_same(overlay: str) -> None:
    command = ["kustomize", "build"] if shutil.which("kustomize") else ["kubectl", "kustomize"]
    if shutil.which(command[0]) is None:
        pytest.skip("neither kustomize nor kubectl is installed: nothing to compare with")
    folder = ROOT / "infra/k8s/overlays" / overlay
    printed = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=True).stdout
    theirs = [manifest for manifest in yaml.safe_load_all(printed) if manifest]
    assert canonical(manifests(overlay)) == canonical(theirs)


def canonical(value: Any) -> Any:
    """Without the order of lists, which kustomize changes where it means nothing."""
    if isinstance(value, dict):
        return {key: canonical(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted(map(canonical, value), key=lambda inner: json.dumps(inner, sort_keys=True))
    return value


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_service_runs_with_the_settings_it_knows(overlay: str) -> None:
    found = deployments(overlay)
    assert found.keys() == SERVICES
    (settings,) = manifests(overlay, "ConfigMap")
    for name, deployment in found.items():
        environment = {entry["name"] for entry in container(deployment)["env"]}
        assert container(deployment)["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]
        assert unknown_keys(name, environment | set(settings["data"])) == set()
        passwords = {"PARLEY_BROKER_URL", "PARLEY_DATABASE_URL"}
        assert environment & passwords == (set() if name in CLIENTS else passwords)
        annotations = deployment["spec"]["template"]["metadata"].get("annotations", {})
        assert ("prometheus.io/scrape" in annotations) == (name not in CLIENTS)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_images_and_ports_are_those_of_the_compose_file(overlay: str) -> None:
    (compose,) = documents(ROOT / "docker-compose.yml")
    for name, deployment in deployments(overlay).items():
        on_gpu = overlay == "gpu" and name in ("nlu", "training")
        assert container(deployment)["image"] == compose["services"][f"{name}-gpu" if on_gpu else name]["image"]
        assert container(deployment)["image"].startswith(f"parley/{name}:{version()}")
        (port,) = container(deployment)["ports"]
        values = {entry["name"]: entry.get("value") for entry in container(deployment)["env"]}
        assert str(port["containerPort"]) == values[PORTS.get(name, "PARLEY_HEALTH_PORT")]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_is_in_the_repository(overlay: str) -> None:
    assert manifests(overlay, "Secret") == []
    name, keys = SECRET
    references = [
        entry["valueFrom"]["secretKeyRef"]
        for deployment in deployments(overlay).values()
        for entry in container(deployment)["env"]
        if "valueFrom" in entry
    ]
    references += [
        one for found in manifests(overlay, "TriggerAuthentication") for one in found["spec"]["secretTargetRef"]
    ]
    assert {reference["name"] for reference in references} == {name}
    assert {reference["key"] for reference in references} == keys
    with_key = [n for n, d in deployments(overlay).items() if "api-key" in json.dumps(d)]
    assert with_key == ["gateway"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_people_and_customers_find_their_service(overlay: str) -> None:
    services = {found["metadata"]["name"]: found["spec"] for found in manifests(overlay, "Service")}
    assert services.keys() == {"gateway", "console"}
    for name, spec in services.items():
        assert spec["selector"] == pod_labels(overlay, name)
        assert [port["targetPort"] for port in spec["ports"]] == ["http"]
    reachable = [found["spec"]["podSelector"] for found in manifests(overlay, "NetworkPolicy")]
    assert all({"matchLabels": {"app": name}} in reachable for name in services)
    environment = {entry["name"]: entry.get("value") for entry in container(deployments(overlay)["console"])["env"]}
    assert environment["PARLEY_URL"] == "http://gateway"


def pod_labels(overlay: str, name: str) -> dict[str, str]:
    labels: dict[str, str] = deployments(overlay)[name]["spec"]["template"]["metadata"]["labels"]
    return {"app": labels["app"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_can_do_no_more_than_it_needs(overlay: str) -> None:
    for deployment in deployments(overlay).values():
        spec, one = pod(deployment), container(deployment)
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == image_user()
        assert spec["securityContext"]["fsGroup"] == image_user()
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= one["resources"]["requests"].keys()
        assert "memory" in one["resources"]["limits"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= one.keys()
        mounted = {mount["name"] for mount in one["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}
    budgets = {budget["metadata"]["name"] for budget in manifests(overlay, "PodDisruptionBudget")}
    assert budgets == SERVICES


def image_user() -> int:
    dockerfile = (ROOT / "infra/docker/Dockerfile").read_text("utf-8")
    (line,) = [line for line in dockerfile.splitlines() if line.startswith("USER ")]
    return int(line.removeprefix("USER ").partition(":")[0])


def test_processes_follow_the_queues_that_they_consume() -> None:
    consumed = {
        "nlu": Queues.NLU,
        "generation": Queues.GENERATION,
        "recommendation": Queues.RECOMMENDATION,
        "training": Queues.TRAIN_CPU,
    }
    scaled = {found["spec"]["scaleTargetRef"]["name"]: found["spec"] for found in manifests("cpu", "ScaledObject")}
    assert scaled.keys() == consumed.keys()
    authentications = {found["metadata"]["name"] for found in manifests("cpu", "TriggerAuthentication")}
    for name, queue in consumed.items():
        triggers = {trigger["type"]: trigger for trigger in scaled[name]["triggers"]}
        assert triggers["rabbitmq"]["metadata"]["queueName"] == queue.name
        assert scaled[name]["minReplicaCount"] < scaled[name]["maxReplicaCount"]
        assert {trigger["authenticationRef"]["name"] for trigger in triggers.values()} <= authentications


def test_a_worker_stays_while_its_job_runs(tmp_path: Path) -> None:
    """The wake-up has left the queue by then; the query counts the rows of the jobs themselves."""
    (training,) = [m for m in manifests("cpu", "ScaledObject") if m["metadata"]["name"] == "training"]
    (trigger,) = [t for t in training["spec"]["triggers"] if t["type"] == "postgresql"]
    with open_database(f"sqlite:///{tmp_path / 'parley.db'}") as database:

        def counted() -> int:
            with database.reading() as session:
                return int(session.connection().execute(text(trigger["metadata"]["query"])).scalar_one())

        assert counted() == 0
        with database.transaction() as session:
            jobs.add(session, a_job("ftjob-1"))
        assert counted() == 1
        with database.transaction() as session:
            jobs.claim(session, token="worker", now=2000.0, lease_seconds=30.0, job_id="ftjob-1")
        assert counted() == 1
        with database.transaction() as session:
            jobs.finish(session, "ftjob-1", "worker", "succeeded", now=2001.0)
        assert counted() == 0


@pytest.mark.parametrize("name", ["nlu", "training"])
def test_on_gpus_it_demands_one(name: str) -> None:
    deployment = deployments("gpu")[name]
    assert container(deployment)["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert pod(deployment)["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    assert pod(deployment)["tolerations"][0]["key"] == "nvidia.com/gpu"
    assert "nvidia.com/gpu" not in json.dumps(deployments("cpu")[name])
    assert all(
        "nvidia.com/gpu" not in json.dumps(deployments("gpu")[other]) for other in SERVICES - {"nlu", "training"}
    )


def test_nlu_on_a_gpu_says_so() -> None:
    (device,) = [e for e in container(deployments("gpu")["nlu"])["env"] if e["name"] == "PARLEY_INFERENCE_DEVICE"]
    assert device["value"] == "cuda"
