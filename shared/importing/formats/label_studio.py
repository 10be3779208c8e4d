"""Label Studio's JSON export: tasks with annotations, whose results are choices and labelled spans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.errors import InvalidInput
from shared.importing.content import Content, Row
from shared.importing.encoding import decoded
from shared.importing.formats.format import refuse_fields, refuse_some_unlabelled
from shared.importing.formats.json_records import as_list, content_of, items_of
from shared.importing.options import ImportOptions
from shared.text.strict_json import parsed

_SPANS = ("labels", "hypertextlabels", "paragraphlabels")


def read(data: bytes, options: ImportOptions) -> Content:
    """Read the tasks; each control of the labelling page becomes a column under its own name.

    Of several annotations of a task the one marked as ground truth counts, else the first that was not cancelled.
    """
    text, encoding = decoded(data, options.encoding)
    try:
        tasks = items_of(parsed(text))
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The file is no JSON of Label Studio.", param="file") from error
    spans = any(result.get("type") in _SPANS for task in tasks for result in _results(task) or ())
    found: list[tuple[int, object]] = []
    left_out: list[tuple[int, str]] = []
    several = 0
    for number, task in enumerate(tasks, start=1):
        results = _results(task)
        if results is None:
            left_out.append((number, "not annotated, or the annotation was cancelled"))
            continue
        several += len(_annotations(task)) > 1
        found.append((number, _record(task, results, spans=spans)))
    content = content_of(found, left_out, encoding, counted_in="item")
    if several:
        content.notes.append(f"{several} tasks have several annotations; one of each was taken")
    return content


def is_export(document: object) -> bool:
    """Whether a document looks like an export of tasks."""
    first = document[0] if isinstance(document, list) and document else None
    return (
        isinstance(first, Mapping)
        and isinstance(first.get("data"), Mapping)
        and bool({"annotations", "completions"} & first.keys())
    )


def _annotations(task: object) -> list[Mapping[str, Any]]:
    found = (task.get("annotations") or task.get("completions")) if isinstance(task, Mapping) else None
    given = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return [one for one in given if not one.get("was_cancelled")]


def _results(task: object) -> list[Mapping[str, Any]] | None:
    annotations = _annotations(task)
    if not annotations:
        return None
    chosen = next((one for one in annotations if one.get("ground_truth")), annotations[0])
    results = chosen.get("result")
    return [one for one in results if isinstance(one, Mapping)] if isinstance(results, list) else None


def _record(task: object, results: Sequence[Mapping[str, Any]], *, spans: bool) -> dict[str, object]:
    data = task.get("data") if isinstance(task, Mapping) else None
    record: dict[str, object] = {**(data if isinstance(data, Mapping) else {}), **dict(_choices(results))}
    if spans:
        found = [one.get("value") for one in results if one.get("type") in _SPANS]
        record["entities"] = [_span(value) for value in found]
    return record


def _choices(results: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, object]]:
    for result in results:
        value = result.get("value")
        if result.get("type") == "choices" and isinstance(value, Mapping):
            yield str(result.get("from_name", "choice")), value.get("choices")


def _span(value: object) -> object:
    """Texts of several paragraphs count their own offsets; those of the whole stand beside them."""
    if isinstance(value, Mapping) and isinstance(value.get("globalOffsets"), Mapping):
        return {**value, **value["globalOffsets"]}
    if isinstance(value, Mapping):
        labels = next((value[name] for name in _SPANS if name in value), None)
        return {"start": value.get("start"), "end": value.get("end"), "labels": labels, "text": value.get("text")}
    return value


def write(rows: Sequence[Row]) -> bytes:
    """Tasks with one annotation each; the controls are called intent, sentiment and entities."""
    refuse_fields(
        rows, ("text", "intent", "entities", "sentiment", "context", "labelled_by"), "label-studio", ("text",)
    )
    refuse_some_unlabelled(rows, "label-studio")
    return as_list([_task(row) for row in rows])


def _task(row: Row) -> dict[str, Any]:
    data = {name: row[name] for name in ("text", "context", "labelled_by") if name in row}
    results: list[dict[str, Any]] = [
        {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": [row[name]]}}
        for name in ("intent", "sentiment")
        if name in row
    ]
    for one in row.get("entities", ()):
        start, end = one["start"], one["end"]
        value = {"start": start, "end": end, "text": row["text"][start:end], "labels": [one["label"]]}
        results.append({"from_name": "entities", "to_name": "text", "type": "labels", "value": value})
    return {"data": data, "annotations": [{"result": results}]}
