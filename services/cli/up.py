"""``parley up``: the platform in this process; the first start also gives it a bot and a model."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer
from pydantic import SecretStr

from services.cli.api import REFUSED, Api, CommandError
from services.cli.following import watch_job
from services.cli.home import claimed
from services.cli.session import fail, out
from services.cli.settings import Access, CliSettings, load, store
from shared.errors import ParleyError
from shared.settings import read_settings
from shared.starter import bot, utterances
from shared.telemetry import logs, tracing

#: Marks the job of the first start, so that an interrupted one is followed instead of begun again.
STARTER = {"purpose": "starter"}
#: A newcomer should not wait longer than needed: fewer epochs than a job would choose and no adversary, which would take half as long
#: again (docs/starter-quality.md), and batches three times as large, which fill two cores better. A third of the steps want a higher rate,
#: by the square root (Krizhevsky 2014, arXiv:1404.5997) and half as much again, since there are few epochs.
HURRY = {"n_epochs": 3, "batch_size": 48, "learning_rate_multiplier": 2.9}
#: Three ways to say the first word, ready to paste.
PASTE = """
  .venv/bin/parley chat

  curl {url}/v1/chat/completions -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\
    -d '{{"model": "parley", "messages": [{{"role": "user", "content": "where is my order A-10432?"}}]}}'

  OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY="{key}" .venv/bin/python -c 'import openai
  print(openai.OpenAI().chat.completions.create(model="parley",
    messages=[{{"role": "user", "content": "any flights to Rome?"}}]).choices[0].message.content)'
"""
#: Seconds until a freshly started platform answers, a model being there.
READY_TIMEOUT = 60.0


def up() -> None:
    """Start the platform on this machine and keep it running until Ctrl-C.

    The first start trains the starter model, which takes two to four minutes.
    """
    ready = False
    try:
        settings = read_settings(CliSettings)
        with claimed(settings.home), _log_file(settings), _interruptible():
            key = _key(settings)
            from services import embedded  # every service at once: too slow an import for the other commands

            with embedded.running(SecretStr(key)) as addresses:
                here = Access(addresses.api, key)
                _check_key(here, settings)
                store(settings.home, here)
                _prepare(here)
                _welcome(here, settings, addresses.console)
                ready = True
                signal.pause()
    except (CommandError, ParleyError) as error:
        fail(error)
    except KeyboardInterrupt:
        out.print("Parley has stopped." if ready else "Stopped early; 'parley up' goes on where it left off.")


def _key(settings: CliSettings) -> str:
    """The key of this platform; a new one is stored before anything else, since elsewhere only its hash is kept."""
    stored = load(settings.home)
    if known := settings.api_key.get_secret_value() or stored.api_key:
        return known
    key = f"pk-{secrets.token_urlsafe(32)}"
    store(settings.home, Access(stored.url, key))
    return key


def _check_key(here: Access, settings: CliSettings) -> None:
    """A key that was meant for another platform must not take the place of the stored one.

    Raises:
        CommandError: It is no admin key of the platform that has just started.
    """
    try:
        with Api(here) as api:
            api.get("/v1/keys")
    except CommandError as error:
        if error.exit_code != REFUSED or error.transient:
            raise
        given = bool(settings.api_key.get_secret_value())
        remedy = "unset it, to go by the key that 'parley up' has stored. " if given else ""
        raise CommandError(
            f"{'PARLEY_API_KEY' if given else 'The stored key'} is no admin key of the platform in {settings.home}: {remedy}"
            "If every admin key is lost, 'python -m services.gateway --new-admin-key NAME' makes another, to be given as "
            "PARLEY_API_KEY.",
            exit_code=REFUSED,
        ) from error


@contextmanager
def _log_file(settings: CliSettings) -> Iterator[None]:
    """Logs go to a file: the terminal belongs to the person."""
    logs.configure("embedded", settings.log_level, settings.log_format, file=settings.home / "parley.log")
    try:
        with tracing.traced("embedded", settings.traces_url, settings.traces_share):
            yield
    finally:
        logs.configure("embedded", settings.log_level, settings.log_format)


@contextmanager
def _interruptible() -> Iterator[None]:
    """The first SIGINT or SIGTERM interrupts whatever is under way; later ones must not disturb the closing."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _prepare(credentials: Access) -> None:
    with Api(credentials) as api:
        if not api.get("/v1/bots", limit=1)["data"]:
            api.post("/v1/bots", {"source": bot().read_text("utf-8")})
        if not any(model.get("production") for model in api.get("/v1/models")["data"]):
            _train_starter(api)
        api.wait_until_ready(READY_TIMEOUT)


def _train_starter(api: Api) -> None:
    out.print("First start: training the starter model (a travel-and-shop service desk). It takes two to four minutes.")
    ended = watch_job(api, _starter_job(api), as_json=False)
    if ended["status"] != "succeeded":
        raise CommandError(f"The starter job {ended['status']}: {(ended.get('error') or {}).get('message')}")


def _starter_job(api: Api) -> str:
    for job in api.pages("/v1/fine_tuning/jobs", metadata=STARTER):
        if job["status"] not in ("failed", "cancelled"):
            return str(job["id"])
    uploaded = api.upload(utterances())
    job = {
        "model": "minilm",
        "training_file": uploaded["id"],
        "suffix": "starter",
        "method": {"type": "supervised", "supervised": {"hyperparameters": HURRY}},
        "objectives": [],
        "metadata": STARTER,
    }
    return str(api.post("/v1/fine_tuning/jobs", job)["id"])


def _welcome(credentials: Access, settings: CliSettings, console: str | None) -> None:
    url = credentials.url
    given = bool(settings.api_key.get_secret_value())
    key = "$PARLEY_API_KEY" if given else credentials.api_key
    out.print(f"\n[bold green]Parley is ready[/bold green] at {url}", soft_wrap=True)
    pages = f"Console   {console}  (sign in with the API key)\n" if console else ""
    out.print(f"{pages}API page  {url}/docs\nAPI key   {key}\nData      {settings.home}\n", soft_wrap=True)
    out.print("Talk to it from another terminal:", style="bold")
    typer.echo(PASTE.format(url=url, key=key))
    out.print("Ctrl-C stops it.")
