"""Loaded tasks on their way into a file, and the baseline beside it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taskframe.cli.beside import STANDARD, baseline_of, writable
from taskframe.cli.facts import frame_facts
from taskframe.cli.filters import filters_of, names_of
from taskframe.cli.link import Link
from taskframe.cli.phrases import for_terminal
from taskframe.cli.screen import as_json, line, note, page
from taskframe.errors import FileError, SettingsError, did_you_mean
from taskframe.preview.escape import visible

if TYPE_CHECKING:
    from taskframe.frame import TaskFrame


@dataclass(frozen=True)
class Wanted:
    """What is to be loaded, as it was written on the command line."""

    filters: Sequence[str]
    columns: Sequence[str] | None
    limit: int | None
    ids: Sequence[str] | None
    editable: Sequence[str] | None
    allow_incomplete: bool


@dataclass(frozen=True)
class Dialect:
    """How a file is written: see the options of `taskframe load`."""

    bom: bool = False
    sep: str = ","
    tz: str | None = None


def export(
    service: str,
    wanted: Wanted,
    output: Path | None,
    *,
    baseline: Path | None,
    dialect: Dialect,
    replace: bool,
    profile: str | None,
    json: bool,
) -> None:
    """Loads, and writes the file and its baseline; or, without a file, says what there is."""
    columns = names_of(wanted.columns)
    if json and output == STANDARD:
        raise SettingsError("--json and -o - both want standard output: leave one out")
    beside = baseline or (None if output in (None, STANDARD) else baseline_of(output or Path()))
    place = nullcontext(None) if output is None else writable(output, replace=replace)
    with Link(profile) as link, place as file:
        tasks = link.to(service).load(
            filters=filters_of(wanted.filters),
            ids=names_of(wanted.ids),
            limit=wanted.limit,
            editable=names_of(wanted.editable) or (),
            allow_incomplete=wanted.allow_incomplete,
        )
        _check_columns(tasks, columns)
        if beside is not None:  # ahead of the file: one without a baseline could not be planned
            tasks.save(beside)
        if file is not None:
            _write(tasks, file, columns, dialect)
        if json:
            as_json({**frame_facts(tasks), "file": output and str(output), "baseline": beside and str(beside)})
        elif output is None:
            page(tasks)
        else:
            _say(tasks, output, beside)


def _check_columns(tasks: TaskFrame, columns: Sequence[str] | None) -> None:
    """Before anything is written."""
    for name in columns or ():
        if name not in tasks.df and name != tasks.schema.index:
            raise FileError(
                f"--columns: there is no column {name!r}.{did_you_mean(name, tasks.df.columns)} "
                f"`taskframe columns {tasks.load.source.service}` lists them"
            )


def _write(tasks: TaskFrame, file: Path, columns: Sequence[str] | None, dialect: Dialect) -> None:
    if file.suffix.lower() == ".xlsx":
        tasks.to_excel(file, columns=columns, tz=dialect.tz)
    else:
        tasks.to_csv(file, columns=columns, bom=dialect.bom, sep=dialect.sep, tz=dialect.tz)


def _say(tasks: TaskFrame, output: Path, beside: Path | None) -> None:
    """To people; on stderr where the file itself is on stdout."""
    say = note if output == STANDARD else line
    load = tasks.load
    say(f"{len(tasks):,} task{'s'[: len(tasks) != 1]} of {load.service.label} at {load.place}")
    if not load.complete:
        say(f"INCOMPLETE: {visible('; '.join(load.gaps[:5])) or 'the list was cut'}")
    for text in tasks.notes:
        say(f"· {visible(for_terminal(text))}")
    if beside is None:
        say("No baseline was written, so these can't be planned: --baseline FILE writes one.")
    elif output == STANDARD:
        say(f"The baseline is {beside}: taskframe plan - --baseline {beside}")
    else:
        say(f"{output} is to be edited; {beside} is its baseline: keep the two together.")
        say(f"To see what would change: taskframe plan {output}")
