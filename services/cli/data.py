"""``parley data``: files as people have them into our rows, and our rows into the formats of other tools."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from services.cli.api import CommandError, segment
from services.cli.session import ApiKey, Url, connected, err, fail, out, show_json, table
from shared.errors import ParleyError

if TYPE_CHECKING:  # loaded by the commands themselves: no other one needs it
    from shared.importing.columns import UnclearColumn
    from shared.importing.options import ImportOptions
    from shared.importing.reading import Import
    from shared.importing.understanding import Understanding

app = typer.Typer(no_args_is_help=True, help="Bring rows in from other formats, or take them out.")

#: Labels of one field that are shown.
_SHOWN_LABELS = 12
#: Columns that a person may choose from.
_MAX_CHOICES = 15

Maps = Annotated[
    list[str] | None,
    typer.Option("--map", help="What the columns are: text=message,intent=label.", show_default=False),
]
FormatName = Annotated[str | None, typer.Option("--format", help="What the file is.", show_default=False)]
Encoding = Annotated[str | None, typer.Option(help="Of a text file, e.g. gb18030.", show_default=False)]
Sheet = Annotated[str | None, typer.Option(help="Which sheet of a workbook.", show_default=False)]
Header = Annotated[int | None, typer.Option(min=0, help="Row that names the columns; 0: none.", show_default=False)]
Task = Annotated[str | None, typer.Option(help="What the rows are for, e.g. nlu.", show_default=False)]
Sentiments = Annotated[str | None, typer.Option(help="What values mean: 0=negative,1=positive.", show_default=False)]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A table, or an annotation tool's export.", exists=True, dir_okay=False)],
    maps: Maps = None,
    format_name: FormatName = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    header: Header = None,
    task: Task = None,
    sentiments: Sentiments = None,
    output: Output = None,
    force: Force = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was understood as JSON; ask nothing.")] = False,
) -> None:
    """Read a file of another format, show what was understood, and write our rows.

    CSV, TSV, Excel, Parquet, JSON, Rasa, Label Studio, doccano, Prodigy and CoNLL are told apart by their content.
    """
    from shared.importing.options import ImportOptions, columns_from, sentiments_from

    asking = _is_terminal() and not as_json
    try:
        options = ImportOptions(
            columns={target: name for one in maps or () for target, name in columns_from(one).items()},
            sentiments=sentiments_from(sentiments) if sentiments else {},
            format=format_name,
            encoding=encoding,
            sheet=sheet,
            header=header,
            task=task,
        )
        found = _read(file, options, asking=asking)
        target = output or file.with_name(f"{file.stem}.rows.jsonl")
        _refuse_existing(target, force=force)
        if as_json:
            show_json(found.understanding.as_json())
        else:
            _show(found.understanding)
        if asking and not yes and not typer.confirm(f"Write {len(found.rows)} rows to {target}?", default=True):
            raise typer.Exit(1)
        _write(target, b"".join(found.json_lines()))
    except (ParleyError, CommandError) as error:
        fail(error)
    if not as_json:
        out.print(f"Written: {escape(str(target))}. Next: parley train {escape(str(target))}", soft_wrap=True)


@app.command()
def export(
    file: Annotated[str, typer.Argument(help="Rows: a file here, or the id of an uploaded one (file-...).")],
    format_name: Annotated[str, typer.Option("--format", help="What to write, e.g. csv, rasa, conll.")],
    drop: Annotated[
        list[str] | None, typer.Option(help="Leave a field out that the format cannot hold.", show_default=False)
    ] = None,
    task: Task = None,
    output: Output = None,
    force: Force = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Write rows in the format of another tool; what it cannot hold is refused by name.

    Formats: csv, tsv, xlsx, parquet, jsonl, json, rasa, label-studio, doccano, prodigy, conll.
    """
    from shared.importing.formats.table import named
    from shared.importing.options import ImportOptions
    from shared.importing.writing import export_rows

    try:
        suffix = next(iter(named(format_name).suffixes), ".json" if format_name == "label-studio" else ".jsonl")
        with TemporaryDirectory() as folder:
            source = _source(file, Path(folder), url, api_key)
            rows = _whole(_read(source, ImportOptions(task=task), asking=False))
        name = source.stem if suffix == f".{format_name}" else f"{source.stem}.{format_name}"
        target = output or Path(name + suffix)
        _refuse_existing(target, force=force)
        _write(target, export_rows(rows, format_name, drop or ()))
    except (ParleyError, CommandError) as error:
        fail(error)
    out.print(f"Written: {escape(str(target))} ({len(rows)} rows).", soft_wrap=True)


def _read(file: Path, options: ImportOptions, *, asking: bool) -> Import:
    """Import a file; where a column is unclear, ask if there is somebody to ask."""
    from dataclasses import replace

    from shared.importing.columns import UnclearColumn
    from shared.importing.reading import import_rows

    data = file.read_bytes()
    while True:
        try:
            return import_rows(data, file.name, options)
        except UnclearColumn as unclear:
            if not asking or not unclear.candidates:
                remedy = f" Say which: --map {quote(unclear.example)}" if unclear.example else ""
                raise CommandError(unclear.message + remedy) from unclear
            options = replace(options, columns={**options.columns, unclear.target: _asked(unclear)})


def _is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty()


def _asked(unclear: UnclearColumn) -> str:
    choices = unclear.candidates[:_MAX_CHOICES]
    err.print(escape(unclear.message), soft_wrap=True)
    for number, name in enumerate(choices, start=1):
        err.print(f"  {number}  {escape(name)}")
    chosen = 0
    while not 1 <= chosen <= len(choices):
        chosen = int(typer.prompt(f"Which one is {unclear.target}", type=int, err=True))
    return choices[chosen - 1]


def _source(file: str, folder: Path, url: str | None, api_key: str | None) -> Path:
    """The rows to be written: a file here, or one that is fetched."""
    if Path(file).is_file():
        return Path(file)
    if not file.startswith("file-"):
        raise CommandError(f"There is no file {file!r}.", exit_code=2)
    with connected(url, api_key) as api:
        described = api.get(f"/v1/files/{segment(file)}")
        target = folder / Path(str(described["filename"])).name
        api.download(file, target)
    return target


def _whole(found: Import) -> Sequence[dict[str, object]]:
    """The rows, if every one was taken, with all of its fields."""
    left_out = found.understanding.left_out
    if left_out:
        reason, count, first = left_out[0]
        raise CommandError(
            f"{count} rows are no rows of ours: {reason} (first: {first[0]}). Mend or import the file first."
        )
    other = next(((field, name) for field, (name, how) in found.understanding.columns.items() if how != "name"), None)
    if other is not None:
        raise CommandError(
            f"{other[1]!r} would become {other[0]!r}: say what the rows are for (--task), or import the file first."
        )
    if found.understanding.unused:
        raise CommandError(f"{found.understanding.unused[0]!r} is no field of these rows. Import the file first.")
    return found.rows


def _refuse_existing(target: Path, *, force: bool) -> None:
    if target.exists() and not force:
        raise CommandError(f"{target} is there already: --force replaces it, --output names another.", exit_code=2)


def _write(target: Path, content: bytes) -> None:
    """In one piece: whoever looks at the name sees a whole file or none."""
    partial = target.with_name(target.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.replace(target)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}.") from error


def _show(found: Understanding) -> None:
    of = [found.format, *(part for part in (found.encoding, found.sheet and f"sheet {found.sheet!r}") if part)]
    out.print(
        f"Read as {escape(', '.join(of))}, for {found.task}: {found.rows} rows taken, {found.left_out_count} left out."
    )
    out.print(
        table(("Field", "Column", "Found by"), [(field, name, how) for field, (name, how) in found.columns.items()])
    )
    if found.unused:
        out.print(f"Not used: {escape(', '.join(found.unused))}")
    for field, counts in found.labels.items():
        shown = ", ".join(f"{label} {count}" for label, count in list(counts.items())[:_SHOWN_LABELS])
        more = f" and {len(counts) - _SHOWN_LABELS} more" if len(counts) > _SHOWN_LABELS else ""
        out.print(f"{field}: {escape(shown)}{more}")
    for reason, count, first in found.left_out:
        numbers = ", ".join(map(str, first)) + (", …" if count > len(first) else "")
        out.print(f"Left out: {count} ({found.counted_in} {numbers}): {escape(reason)}")
    for note in found.notes:
        out.print(f"Note: {escape(note)}")
    out.print("First rows:")
    for row in found.first_rows:
        out.print(f"  {escape(json.dumps(row, ensure_ascii=False))}", soft_wrap=True)
