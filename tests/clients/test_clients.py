"""Real clients with their defaults against a running platform, each in a virtual environment of its own (`make test-clients`)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.served import DECODER, ENGINE, Served, served

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent.parent / ".venv-clients"

#: Script, and the environment it runs in: those that agree on one release of the official client share one.
CLIENTS = {
    "openai_client": "agents",
    "agents_client": "agents",
    "pydantic_ai_client": "agents",
    "langchain_client": "chains",
    "litellm_client": "chains",
    "llama_index_client": "chains",
    "instructor_client": "instructor",
    "litellm_proxy": "proxy",
}

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("clients")) as running:
        yield running


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_works_with_its_defaults(platform: Served, name: str) -> None:
    python = ENVIRONMENTS / CLIENTS[name] / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{python} is not there: run 'make test-clients'")
    platform.engine.calls = [("Weather" if name == "instructor_client" else "get_weather", '{"city":"Rome"}')]
    platform.engine.say("It ", "is ", "sunny.")
    # litellm would fetch prices of models when it is imported, and wait for a network that need not be there.
    known = {**os.environ, **platform.environment(), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = [str(python), str(HERE / "scripts" / f"{name}.py"), ENGINE, DECODER]
    done = subprocess.run(command, env=known, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
