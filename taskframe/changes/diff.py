"""The diff: by value against the baseline, never by remembering touches."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.cells import Cells
from taskframe.changes.changes import Changes
from taskframe.changes.edited import Edited
from taskframe.changes.match import Rows
from taskframe.changes.places import among
from taskframe.changes.stale import stale_rows, state_columns
from taskframe.errors import PlanError, did_you_mean
from taskframe.problem import Problem, ProblemKind
from taskframe.schema import NESTED, Column

_OF_A_CELL: frozenset[ProblemKind] = frozenset({"type", "choice", "range", "length", "null", "read-only"})


@dataclass(frozen=True)
class Diff:
    """What was edited, and what is wrong with it. A cell is in `changes` or has a problem, never both.

    `lines`: of the tasks in `changes`, the line of the file.
    """

    changes: Changes
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)


def diff(
    baseline: Baseline,
    edited: Edited,
    *,
    columns: Collection[str] | None = None,
    ids: Collection[str] | None = None,
    load: str = "the load",
) -> Diff:
    """Compares `edited` with `baseline`; `columns` and `ids` narrow what counts. `load` names the load in messages.

    Raises PlanError for names and ids that there are none of, and when the baseline was written to.
    """
    columns, ids = listed("columns", columns, "names"), listed("ids", ids, "task ids")
    _check_columns(baseline, columns)
    baseline.check()
    rows = Rows.match(baseline, edited, ids)
    ids = None if ids is None else frozenset(ids)
    found = [Cells.compare(baseline, edited, rows, c) for c in _compared(baseline, edited, rows, columns)]
    edits = _union(c.touched for c in found if c.column.editable)
    others = [c.touched for c in found if not c.column.editable]
    stale, unchecked = stale_rows(baseline, edited, rows, _union([edits, *others]) if others else edits, load)
    if stale:
        gone = np.fromiter(stale, dtype=np.intp, count=len(stale))
        wanted = np.isin(gone, edits).tolist()  # the others want nothing
        stale = {row: problem for (row, problem), want in zip(stale.items(), wanted, strict=True) if want}
        found = [c.without(gone) for c in found]
    problems = [*rows.problems, *_of_file(edited, rows, columns, ids, stale.values()), *stale.values()]
    warnings = [*_absent(baseline, edited)]
    for cells in found:
        if cells.column.editable:
            problems += cells.problems
        elif edited.strict:
            problems += cells.read_only(edited)
        elif len(cells.touched):
            warnings.append(cells.warning())
    changes = _changes(baseline, [c for c in found if c.column.editable])
    return Diff(
        changes,
        _sorted(problems, baseline),
        tuple(warnings),
        edited.ignored,
        (*edited.notes, *(n for c in found for n in c.notes()), *_unchecked(baseline, edited, edits, unchecked, load)),
        _lines(edited, changes),
    )


def _unchecked(baseline: Baseline, edited: Edited, edits: np.ndarray, rows: np.ndarray, load: str) -> Iterable[str]:
    """What to say of edited rows that don't tell which state of their task was edited, although others may."""
    names = [c.name for c in state_columns(baseline, edited)]
    count = int(np.isin(rows, edits).sum()) if len(rows) else 0
    if names and count:
        noun = "edited row has" if count == 1 else "edited rows have"
        stale = "whether it is stale" if count == 1 else "whether they are stale"
        yield f"{count:,} {noun} no {' and no '.join(names)}: compared with {load}; {stale} can't be told"


def listed(option: str, given: Collection[str] | None, what: str) -> list[str] | None:
    """What an option names, as a list: a generator gives its names only once. PlanError for what is no such list."""
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise PlanError(f"{option}= takes a list of {what}: {option}=[{given!r}]")
    names = list(given)
    if not all(isinstance(name, Hashable) for name in names):
        raise PlanError(f"{option}= takes a list of {what}, not {names!r}")
    return names


def _check_columns(baseline: Baseline, columns: Collection[str] | None) -> None:
    for name in columns or ():
        if name not in baseline.schema:
            raise PlanError(f"columns=: there is no column {name!r}.{did_you_mean(name, baseline.schema.names)}")
        if not baseline.schema[name].editable:
            editable = ", ".join(c.name for c in baseline.schema.editable)
            raise PlanError(f"columns=: {name} is read-only; the service takes edits of {editable}")


def _compared(baseline: Baseline, edited: Edited, rows: Rows, columns: Collection[str] | None) -> Iterable[Column]:
    """The columns in which there may be an edit."""
    for column in baseline.schema:
        name = column.name
        if name not in edited.columns or name not in baseline.frame or (columns is not None and name not in columns):
            continue
        if not column.editable and column.role in ("version", "updated"):
            continue  # never an edit: it tells which state of the task was edited
        if column.kind in NESTED or not rows.whole or not baseline.shares(name, edited.columns[name]):
            yield column


def _absent(baseline: Baseline, edited: Edited) -> Iterable[str]:
    for column in baseline.schema.editable:
        if column.name in edited.columns and column.name not in baseline.frame:
            yield f"{column.name} ignored: it was not loaded, so what was edited in it can't be told"


def _union(parts: Iterable[np.ndarray]) -> np.ndarray:
    """Positions, ascending, each once."""
    every = np.concatenate([*parts, np.empty(0, dtype=np.intp)]).astype(np.intp, copy=False)
    every.sort(kind="stable")  # the parts mostly ascend: merging them takes a fifth of np.unique
    return every[np.flatnonzero(np.diff(every, prepend=-1))]


def _of_file(
    edited: Edited,
    rows: Rows,
    columns: Collection[str] | None,
    ids: Collection[str] | None,
    stale: Iterable[Problem],
) -> Iterable[Problem]:
    """What was wrong when it was read, but for the cells of rows that are a problem themselves."""
    gone = {p.id for p in (*rows.problems, *stale)}
    for problem in edited.problems:
        cell = problem.kind in _OF_A_CELL
        if ids is not None and problem.id not in ids:
            continue
        if cell and (problem.id in gone or (columns is not None and problem.column not in columns)):
            continue
        yield problem


def _sorted(problems: Sequence[Problem], baseline: Baseline) -> tuple[Problem, ...]:
    """By line, then in the baseline's order."""
    if len(problems) < 2:
        return tuple(problems)
    places = baseline.ids.get_indexer(pd.Index([p.id for p in problems], dtype="object")).tolist()
    order = sorted(range(len(problems)), key=lambda n: (problems[n].line or 0, places[n]))
    return tuple(problems[n] for n in order)


def _lines(edited: Edited, changes: Changes) -> dict[str, int]:
    if edited.lines is None:
        return {}
    changed = among(edited.ids, changes.ids.tolist())
    return dict(zip(map(str, edited.ids[changed]), edited.lines[changed].tolist(), strict=True))


def _changes(baseline: Baseline, found: Sequence[Cells]) -> Changes:
    parts = [c for c in found if len(c.rows)]
    if not parts:
        return Changes(baseline.pick(np.empty(0, dtype=np.intp)))
    # places and where each part's are among them, told by one sorting: the parts mostly ascend, so it merges them
    every = np.concatenate([c.places for c in parts])
    order = np.argsort(every, kind="stable")
    every = every[order]
    first = np.diff(every, prepend=-1) != 0
    rows = np.empty_like(order)
    rows[order] = np.cumsum(first) - 1
    ends = np.cumsum([len(c.places) for c in parts])[:-1]
    columns = {c.column.name: c.changes(mine) for c, mine in zip(parts, np.split(rows, ends), strict=True)}
    return Changes(baseline.pick(every[first]), columns)
