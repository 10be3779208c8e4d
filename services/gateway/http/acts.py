"""Which requests are acts that somebody may ask about later: an explicit table, and those that are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.storage.tables.audit import AuditAction


@dataclass(frozen=True, slots=True)
class Act:
    """What a request is.

    Attributes:
        action: What is done.
        object: The kind of thing.
        param: The parameter of the path that names it; ``None``: it has no name yet.
        of_customers: Only an act when it is done with a key that may see all customers: a customer's own page reads its own words.
    """

    action: AuditAction
    object: str
    param: str | None = None
    of_customers: bool = False


def _table() -> dict[tuple[str, str], Act]:
    lines = """
    promoted POST model      /models/{model_id:path}/promote
    promoted POST model      /models/{model_id:path}/rollback
    changed  POST model      /models
    deleted  DELETE model    /models/{model_id:path}
    changed  POST bot        /bots
    changed  POST bot        /bots/active/knowledge
    changed  POST key        /keys
    deleted  DELETE key      /keys/{key_id}
    changed  POST job        /fine_tuning/jobs
    changed  POST job        /fine_tuning/jobs/{job_id}/cancel
    changed  POST job        /fine_tuning/jobs/{job_id}/pause
    changed  POST job        /fine_tuning/jobs/{job_id}/resume
    changed  POST file       /files
    deleted  DELETE file     /files/{file_id}
    exported GET file        /files/{file_id}/content
    exported POST feedback   /feedback/rows
    reviewed POST guard_review /guards/reviews/{review_id}
    answered POST conversation /conversations/{conversation_id}/take_over
    answered POST conversation /conversations/{conversation_id}/replies
    answered POST conversation /conversations/{conversation_id}/release
    deleted  DELETE conversation /conversations/{conversation_id}
    changed  POST customer   /customers/{customer_id}
    changed  POST customer   /customers/{customer_id}/merge
    exported GET customer    /customers/{customer_id}/export
    deleted  DELETE customer /customers/{customer_id}
    changed  PUT alert_channel /alert_channels/{channel}
    deleted  DELETE alert_channel /alert_channels/{channel}
    changed  POST alert      /alerts/{alert_id}/acknowledge
    changed  POST alert      /alerts/{alert_id}/snooze
    changed  PUT stream      /streams/{stream}
    deleted  DELETE stream   /streams/{stream}
    deleted  DELETE reanalysis /streams/{stream}/reanalyses/{reanalysis_id}
    deleted  DELETE note     /conversations/{conversation_id}/notes/{note_id}
    deleted  DELETE widget   /widgets/{widget_id}
    changed  PUT widget      /widgets/{widget_id}
    deleted  DELETE channel  /channels/{channel_id}
    changed  PUT channel /channels/{channel_id}
    changed  POST catalog    /catalogs
    changed  POST catalog    /catalogs/{catalog}
    deleted  DELETE catalog  /catalogs/{catalog}
    exported GET person      /catalogs/{catalog}/users/{user_id:path}
    changed  POST person     /catalogs/{catalog}/users/{user_id:path}
    deleted  DELETE person   /catalogs/{catalog}/users/{user_id:path}
    changed  POST vector_store /vector_stores
    changed  POST vector_store /vector_stores/{vector_store_id}
    deleted  DELETE vector_store /vector_stores/{vector_store_id}
    deleted  DELETE eval     /evals/{eval_id}
    deleted  DELETE eval_run /evals/{eval_id}/runs/{run_id}
    changed  POST webhook    /webhook_endpoints
    changed  POST webhook    /webhook_endpoints/{webhook_endpoint_id}
    changed  POST webhook    /webhook_endpoints/{webhook_endpoint_id}/rotate_secret
    deleted  DELETE webhook  /webhook_endpoints/{webhook_endpoint_id}
    read     GET conversation /conversations/{conversation_id}/messages      *
    read     GET conversation /conversations/{conversation_id}/items         *
    read     POST conversation /conversations/{conversation_id}/summary      *
    read     GET customer    /customers                                      *
    read     GET customer    /customers/{customer_id}                        *
    read     GET customer    /customers/{customer_id}/conversations          *
    read     GET guard_review /guards/reviews                                *
    read     GET audit       /audit
    """
    acts: dict[tuple[str, str], Act] = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        action, method, kind, path, *marks = line.split()
        acts[method, f"/v1{path}"] = Act(action, kind, _param(path), bool(marks))  # type: ignore[arg-type]
    return acts


def _param(path: str) -> str | None:
    names = [part[1:-1].partition(":")[0] for part in path.split("/") if part.startswith("{")]
    return names[-1] if names else None


ACTS: Mapping[tuple[str, str], Act] = _table()
"""By method and route."""
