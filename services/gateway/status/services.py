"""Which services are there, judged by what their processes say of themselves. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.status.schemas import ServiceStatus, Verdict
from shared.storage.processes import SILENT_SECONDS
from shared.storage.tables.platform import Process

#: All that say so; the console is a client, and says nothing.
SERVICES = ("gateway", "nlu", "generation", "recommendation", "monitoring", "channels", "training")
#: Without which no customer is answered.
_VITAL = ("gateway", "nlu", "generation")


def is_there(process: Process, now: float) -> bool:
    """Whether a process has spoken lately."""
    return now - process.seen_at <= SILENT_SECONDS


def services_of(processes: Sequence[Process], now: float, jobs_wait: bool) -> list[ServiceStatus]:
    """Every service.

    Args:
        processes: All that are known.
        now: Unix seconds.
        jobs_wait: Workers may be started by need: where no job waits, none has to be there.
    """
    return [_service(name, [one for one in processes if one.service == name], now, jobs_wait) for name in SERVICES]


def _service(name: str, processes: Sequence[Process], now: float, jobs_wait: bool) -> ServiceStatus:
    there = [one for one in processes if is_there(one, now)]
    problems = sorted({problem for one in there for problem in one.problems.values()})
    silent = len(processes) - len(there)
    if silent:
        problems.append(f"{silent} of its processes {'has' if silent == 1 else 'have'} gone without a word.")
    return ServiceStatus(
        name=name,
        state=("degraded" if any(one.problems for one in there) else "ok")
        if there
        else "idle"
        if _is_idle(name, processes, jobs_wait)
        else "down",
        processes=len(there),
        versions=sorted({one.version for one in there}),
        problems=problems,
    )


def _is_idle(name: str, processes: Sequence[Process], jobs_wait: bool) -> bool:
    """Whether nobody misses it: workers while no job waits, and channels where there never was one."""
    return (name == "training" and not jobs_wait) or (name == "channels" and not processes)


def verdict(services: Sequence[ServiceStatus], *, broker_up: bool) -> tuple[Verdict, list[str]]:
    """In a word, and why, in sentences that anybody may read."""
    problems = [] if broker_up else ["The message broker is away."]
    problems += [f"No process of {one.name} is running." for one in services if one.state == "down"]
    problems += [f"A process of {one.name} reports a problem." for one in services if one.state == "degraded"]
    versions = sorted({version for one in services for version in one.versions})
    if len(versions) > 1:
        problems.append(f"Processes of several versions run side by side: {', '.join(versions)}.")
    if not broker_up or any(one.state == "down" and one.name in _VITAL for one in services):
        return "down", problems
    return ("degraded" if problems else "ok"), problems
