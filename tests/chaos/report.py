"""A round as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.chaos.recovery import Recovery
from tests.chaos.round import Result
from tests.chaos.victims import KINDS


def lines(result: Result) -> Iterator[str]:
    """What is shown of a round."""
    order = " ".join(recovery.kill.member for recovery in result.recoveries)
    yield f"seed {result.seed}, {len(result.recoveries)} kills in {result.seconds:.0f} s: {order}"
    yield f"{'victim':12} {'kills':>6} {'longest away s':>15} {'longest recovery s':>19}"
    for kind in KINDS:
        hit = [recovery for recovery in result.recoveries if recovery.kill.kind == kind.name]
        if hit:
            yield f"{kind.name:12} {len(hit):6} {_longest(hit, 'back'):15.1f} {_longest(hit, 'well'):19.1f}"
    ledger, findings = result.ledger, result.findings
    yield f"requests {len(ledger.attempts)}, answered {ledger.count('answered')}, clean errors {ledger.count('refused', 'unreachable')},"
    yield (
        f"  unclean {ledger.count('unclean')}, hung {ledger.count('hung')}, lost {len(findings.lost)}, "
        f"doubled {len(findings.doubled)}, longest request {max(each.seconds for each in ledger.attempts):.1f} s"
    )
    yield f"clean errors: {_listed(ledger.details('refused'))}; no connection {ledger.count('unreachable')}"
    yield f"turns stored {findings.turns}, sentiments counted {findings.observations}, jobs {result.jobs}"
    for fault in result.faults()[:40]:
        yield f"FAULT {fault}"


def _longest(recoveries: Sequence[Recovery], what: str) -> float:
    longest: float = max(getattr(recovery, what) for recovery in recoveries)
    return longest


def _listed(details: dict[str, int]) -> str:
    return ", ".join(f"{detail} {times}" for detail, times in sorted(details.items())) or "none"
