"""All formats, and how the one of a file is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from shared.errors import InvalidInput
from shared.importing.encoding import decoded
from shared.importing.formats import (
    conll,
    delimited,
    doccano,
    json_records,
    label_studio,
    parquet,
    prodigy,
    rasa,
    workbook,
)
from shared.importing.formats.format import Format
from shared.importing.options import ImportOptions
from shared.text.strict_json import parsed

FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format("csv", (".csv", ".txt"), delimited.read, delimited.write_csv),
        Format("tsv", (".tsv", ".tab"), delimited.read, delimited.write_tsv),
        Format("xlsx", (".xlsx", ".xlsm"), workbook.read, workbook.write),
        Format("parquet", (".parquet", ".pq"), parquet.read, parquet.write),
        Format("jsonl", (".jsonl", ".ndjson"), json_records.read_lines, json_records.write_lines),
        Format("json", (".json",), json_records.read_document, json_records.as_list),
        Format("rasa", (".yml", ".yaml"), rasa.read, rasa.write),
        Format("label-studio", (), label_studio.read, label_studio.write),
        Format("doccano", (), doccano.read, doccano.write),
        Format("prodigy", (), prodigy.read, prodigy.write),
        Format("conll", (".conll", ".conllu", ".bio", ".iob", ".iob2"), conll.read, conll.write),
    )
}

_REMEDIES = {
    ".xls": "save it as .xlsx",
    ".ods": "save it as .xlsx or CSV",
    ".numbers": "export it as CSV",
    ".docx": "put the rows into a table and save that as CSV",
    ".pdf": "put the rows into a table and save that as CSV",
    ".gz": "unpack it",
    ".zip": "unpack it",
    ".pkl": "load it where it was written, and save it as CSV or Parquet",
}


def named(name: str) -> Format:
    """The format of a name.

    Raises:
        InvalidInput: There is none.
    """
    found = FORMATS.get(name.lower())
    if found is None:
        raise InvalidInput(f"{name[:40]!r} is no format; use one of {', '.join(FORMATS)}.", param="format")
    return found


def format_of(data: bytes, filename: str, options: ImportOptions) -> Format:
    """The format of a file: what a person says, else what its first bytes tell, else the ending of its name, then what stands in it.

    Raises:
        InvalidInput: It is in none that can be read; says what to do.
    """
    if options.format:
        return named(options.format)
    suffix = PurePath(filename).suffix.lower()
    if data.startswith(b"PAR1"):
        return FORMATS["parquet"]
    if data.startswith(b"PK\x03\x04") and suffix not in _REMEDIES:
        return FORMATS["xlsx"]
    found = next((one for one in FORMATS.values() if suffix in one.suffixes), None)
    if found is None or suffix in _REMEDIES:
        remedy = _REMEDIES.get(suffix, f"say which it is (format): {', '.join(FORMATS)}")
        raise InvalidInput(f"The format of {filename[:100]!r} is not known by its name; {remedy}.", param="format")
    if found.name in ("jsonl", "json", "tsv") or suffix == ".txt":
        return FORMATS[_inner(decoded(data, options.encoding)[0], found.name)]
    return found


def _inner(text: str, name: str) -> str:
    """Which tool has written JSON; and whether text is a table or sentences of tokens."""
    if name == "jsonl":
        first = _parsed(text.lstrip().partition("\n")[0])
        return "prodigy" if prodigy.is_export(first) else "doccano" if doccano.is_export(first) else name
    if name == "json":
        may_be = '"annotations"' in text or '"completions"' in text
        return "label-studio" if may_be and label_studio.is_export(_parsed(text)) else name
    return "conll" if conll.looks_like(text) else name


def _parsed(text: str) -> object:
    try:
        return parsed(text)
    except (ValueError, RecursionError):
        return None
