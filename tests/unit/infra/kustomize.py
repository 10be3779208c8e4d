"""As much of kustomize as ``infra/k8s`` uses: resources, a namespace, labels, images and strategic merge patches.

So that the manifests are checked as they would be applied, on machines without a ``kustomize``; where there is one, a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

_KNOWN = {"apiVersion", "kind", "namespace", "resources", "labels", "images", "patches"}
#: Lists that are merged entry by entry, and the field that tells which entries are the same; other lists are replaced.
_MERGE_KEYS = {
    "containers": "name",
    "env": "name",
    "ports": "containerPort",
    "volumes": "name",
    "volumeMounts": "mountPath",
}


def render(folder: Path) -> list[Manifest]:
    """The manifests of a kustomization, in no particular order."""
    (kustomization,) = documents(folder / "kustomization.yaml")
    assert set(kustomization) <= _KNOWN, f"{folder} uses more of kustomize than this renderer knows"
    manifests = [manifest for name in kustomization["resources"] for manifest in _resource(folder / name)]
    for manifest in manifests:
        _adorn(manifest, kustomization)
    for patch in kustomization.get("patches", []):
        (change,) = documents(folder / patch["path"])
        manifests = [merged(m, _content(change)) if _is_meant(m, patch, change) else m for m in manifests]
    for image in kustomization.get("images", []):
        for manifest in manifests:
            _retag(manifest, image)
    return manifests


def documents(path: Path) -> list[Manifest]:
    """The YAML documents of a file."""
    return [document for document in yaml.safe_load_all(path.read_text("utf-8")) if document is not None]


def merged(base: Any, change: Any, name: str = "") -> Any:
    """``base`` with what ``change`` says."""
    if isinstance(base, Mapping) and isinstance(change, Mapping):
        shared = {key: merged(value, change[key], key) for key, value in base.items() if key in change}
        return {**base, **change, **shared}
    key = _MERGE_KEYS.get(name)
    if isinstance(base, list) and key is not None:
        entries = {entry[key]: entry for entry in base}
        for entry in change:
            entries[entry[key]] = merged(entries.get(entry[key], {}), entry)
        return list(entries.values())
    return change


def _resource(path: Path) -> list[Manifest]:
    return render(path) if path.is_dir() else documents(path)


def _adorn(manifest: Manifest, kustomization: Manifest) -> None:
    metadata = manifest["metadata"]
    if "namespace" in kustomization and manifest["kind"] != "Namespace":
        metadata["namespace"] = kustomization["namespace"]
    for entry in kustomization.get("labels", []):
        assert set(entry) == {"pairs"}
        metadata["labels"] = {**metadata.get("labels", {}), **entry["pairs"]}


def _is_meant(manifest: Manifest, patch: Manifest, change: Manifest) -> bool:
    target = patch.get("target") or {"kind": change["kind"], "name": change["metadata"]["name"]}
    assert set(target) <= {"kind", "name"}
    name = manifest["metadata"]["name"]
    return manifest["kind"] == target["kind"] and bool(re.fullmatch(target.get("name", name), name))


def _content(change: Manifest) -> Manifest:
    """A patch without what only says to whom it belongs."""
    metadata = {key: value for key, value in change["metadata"].items() if key != "name"}
    return {**change, "metadata": metadata}


def _retag(manifest: Manifest, image: Mapping[str, str]) -> None:
    if manifest["kind"] == "Deployment":
        for container in manifest["spec"]["template"]["spec"]["containers"]:
            if container["image"].partition(":")[0] == image["name"]:
                container["image"] = f"{image['name']}:{image['newTag']}"
