"""Tasks loaded anew under edits that were made on an earlier load: what stays an edit, and what moved meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.basecells import base_values, base_written
from taskframe.changes.baseline import Baseline
from taskframe.changes.compare import differing
from taskframe.changes.diff import Diff
from taskframe.changes.edit import Edit, Row
from taskframe.changes.edited import Edited
from taskframe.changes.merge import resolve
from taskframe.changes.normal import normal_values
from taskframe.changes.rows import Table
from taskframe.changes.write import write
from taskframe.errors import FrameError
from taskframe.load import Load
from taskframe.preview.words import count
from taskframe.schema import Schema

Wanted = dict[str, Any]
"""What to load: the options of `Connection.load`."""

Loaded = tuple[pd.DataFrame, Load]
Cell = tuple[str, str, Any, Any, Any, str]

_COLUMNS = ("id", "column", "base", "ours", "theirs", "edit")
_STATES = ("version", "updated")


@dataclass(frozen=True, repr=False)
class Moved:
    """What moved between two loads. `print(tasks.moved)` shows it.

    - `cells`: a row a cell: id, column, base (as loaded before), ours (None where you had not edited it), theirs (as
      loaded now), and what became of your edit: "none" was there, "done" (theirs is the same), "conflict" (it stays,
      and an apply reports it), "lost" (the task is gone). The tasks' versions and times of update are left out.
    - `new`, `gone`: ids of the tasks that only the new load has, and only the old one.
    - `outside`: ids of tasks that the filters no longer find; they hold edits, so they were looked up, and are there.
    - `notes`: what could not be taken along.
    """

    cells: pd.DataFrame
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    since: str = ""

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def conflicts(self) -> pd.DataFrame:
        """The cells that you and somebody else changed, differently: id, column, base, ours, theirs."""
        return self.cells[self.cells["edit"] == "conflict"].drop(columns="edit").reset_index(drop=True)

    @property
    def summary(self) -> str:
        """One line: `since the load of …: 12 cells moved in 9 tasks, 2 of them under your edits (conflicts); …`."""
        kinds = self.cells["edit"].value_counts()
        moved = self.cells[self.cells["edit"] != "lost"]
        parts = [f"{count(len(moved), 'cell')} moved in {count(moved['id'].nunique(), 'task')}" if len(moved) else ""]
        parts += [f"{count(int(kinds.get('conflict', 0)), 'edit')} of yours in conflict" if "conflict" in kinds else ""]
        parts += [f"{count(int(kinds.get('done', 0)), 'edit')} of yours there already" if "done" in kinds else ""]
        parts += [f"{count(len(self.new), 'new task')}" if self.new else ""]
        parts += [f"{count(len(self.gone), 'task')} gone" if self.gone else ""]
        parts += [f"with {count(int(kinds['lost']), 'edit')} of yours" if "lost" in kinds else ""]
        parts += [f"{count(len(self.outside), 'edited task')} outside the filters now" if self.outside else ""]
        return f"since {self.since}: {', '.join(filter(None, parts)) or 'nothing moved'}"

    def __repr__(self) -> str:
        shown = ["", self.cells.to_string(index=False, max_rows=40, max_colwidth=40)] if len(self.cells) else []
        listed = [
            f"{name}: {', '.join(ids[:10])}{f' and {len(ids) - 10:,} more' if len(ids) > 10 else ''}"
            for name, ids in (("new", self.new), ("gone", self.gone), ("outside the filters", self.outside)) if ids
        ]  # fmt: skip
        return "\n".join([self.summary, *self.notes, *listed, *shown])


@dataclass(frozen=True)
class Refreshed:
    """A frame's new parts: the tasks with the edits on top, the baseline beneath them, the load, and what moved."""

    df: pd.DataFrame
    baseline: Baseline
    load: Load
    moved: Moved


def refreshing(
    load: Load, baseline: Baseline, edited: Edited, found: Diff, df: pd.DataFrame
) -> Generator[Wanted, Loaded, Refreshed]:
    """Says what to load, is sent what was loaded, and gives what it makes of it. Raises FrameError where nobody knows
    what was loaded before.

    `edited`: what `df` holds; `found`: what of that is edited.
    """
    wanted = _same_again(load, baseline)
    fresh, anew = yield wanted
    edits = list(found.changes.edits())
    left = [edit.id for edit in edits if edit.id not in fresh.index]
    outside: tuple[str, ...] = ()
    if left and (load.filters or load.limit is not None):
        more, about = yield {"ids": left, "editable": load.editable, "allow_incomplete": True}
        if len(more):
            outside = tuple(map(str, more.index))
            fresh = _joined(fresh, more, about.schema)
            anew = replace(anew, schema=about.schema, catalogue=about.catalogue, size=len(fresh))
    made = _OnTop(baseline, edits, fresh, anew.schema)
    result, cells = made.frame(), made.cells()
    result, more_notes = _with_problems(result, edited, found, anew.schema)
    result = _with_own_columns(result, df, edited)
    old = frozenset(map(str, baseline.ids))
    now = frozenset(map(str, fresh.index))
    moved = Moved(
        _table([*cells, *_unedited(baseline, fresh, anew.schema, made.edited)]),
        tuple(str(i) for i in fresh.index if str(i) not in old),
        tuple(str(i) for i in baseline.ids if str(i) not in now),
        outside,
        (*more_notes, *found.warnings),
        load.label,
    )
    anew = replace(anew, notes=(*anew.notes, f"{moved.summary} (see tasks.moved)"))
    return Refreshed(result, made.baseline(), anew, moved)


def _same_again(load: Load, baseline: Baseline) -> Wanted:
    if load.limited and load.limit is None and not load.by_ids:
        raise FrameError(
            "this frame does not tell which tasks it was to have (an older taskframe saved it): load them again, "
            "conn.load(ids=list(tasks.df.index)), and plan your frame against that: fresh.plan(tasks.df)"
        )
    wanted: Wanted = {"filters": dict(load.filters), "editable": load.editable}
    if load.by_ids:
        return wanted | {"ids": [str(i) for i in baseline.ids], "allow_incomplete": True}
    return wanted | {"limit": load.limit, "allow_incomplete": not load.complete}


class _OnTop:
    """Edits of an earlier load on a newer one: each by the three-way rule."""

    def __init__(self, before: Baseline, edits: Sequence[Edit], fresh: pd.DataFrame, schema: Schema) -> None:
        self._before = before
        self._fresh = fresh
        self._schema = schema
        self._lost = [edit for edit in edits if edit.id not in fresh.index]
        self._edits = [edit for edit in edits if edit.id in fresh.index]
        self._places = np.asarray(
            fresh.index.get_indexer(pd.Index([e.id for e in self._edits], dtype=fresh.index.dtype)), dtype=np.intp
        )
        rows: Iterator[Row] = Table(fresh.iloc[self._places]).rows()
        self._theirs = list(rows)
        pairs = zip(self._edits, self._theirs, strict=True)
        self._found = [resolve(edit, theirs, schema) for edit, theirs in pairs]
        self.edited = frozenset((edit.id, name) for edit in edits for name in edit.after)

    def frame(self) -> pd.DataFrame:
        """The new tasks, with what is still an edit."""
        df = self._fresh.copy(deep=False)
        cells: dict[str, tuple[list[int], list[Any]]] = {}
        for place, found in zip(self._places.tolist(), self._found, strict=True):
            for name, value in found.edit.after.items():
                at, values = cells.setdefault(name, ([], []))
                at.append(place)
                values.append(value)
        for name, (at, values) in cells.items():
            df[name] = write(df[name], np.array(at, dtype=np.intp), values, self._schema[name])
        return df

    def baseline(self) -> Baseline:
        """The new tasks; a cell in conflict, and what goes with it, stays what it was when it was edited."""
        now = Baseline.of(self._fresh, self._schema)
        version = self._schema.role("version")
        held: dict[str, tuple[list[int], list[Any]]] = {}
        locks: dict[int, int] = {}
        for place, edit, found in zip(self._places.tolist(), self._edits, self._found, strict=True):
            names = {conflict.column for conflict in found.conflicts}
            names |= {c.name for c in self._schema if c.handle in names}
            for name in names & set(map(str, now.frame.columns)) & set(edit.base):
                at, values = held.setdefault(name, ([], []))
                at.append(place)
                values.append(edit.base[name])
            if names and version is not None and isinstance(known := edit.base.get(version.name), int):
                locks[place] = known
        if not held:
            return now
        frame = now.frame.copy(deep=False)
        for name, (at, values) in held.items():
            frame[name] = base_written(frame[name], np.array(at, dtype=np.intp), values, self._schema[name])
        return replace(now, frame=frame, locks=locks)

    def cells(self) -> Iterator[Cell]:
        """What became of the edits beneath which something moved."""
        for edit, theirs, found in zip(self._edits, self._theirs, self._found, strict=True):
            for name, ours in edit.after.items():
                if name not in found.edit.after:
                    yield edit.id, name, edit.base.get(name), ours, theirs.get(name), "done"
            for c in found.conflicts:
                yield edit.id, c.column, c.base, c.ours, c.theirs, "conflict"
        for edit in self._lost:
            for name, ours in edit.after.items():
                yield edit.id, name, edit.base.get(name), ours, None, "lost"


def _unedited(
    before: Baseline, fresh: pd.DataFrame, schema: Schema, edited: Collection[tuple[str, str]]
) -> Iterator[Cell]:
    """The cells that moved and that nobody here had edited."""
    old = np.asarray(before.ids.get_indexer(fresh.index))
    new = np.flatnonzero(old >= 0)
    old = old[new]
    for column in schema:
        name = column.name
        if column.role in _STATES or name not in before.frame or name not in fresh:
            continue
        base, cells = before.frame[name].take(old), fresh[name].take(new)
        at = np.flatnonzero(differing(base, cells, column))
        values = zip(cells.index[at], base_values(base.take(at), column), normal_values(cells.take(at)), strict=True)
        for task, was, now in values:
            if (str(task), name) not in edited:
                yield str(task), name, was, None, now, "none"


def _with_problems(
    df: pd.DataFrame, edited: Edited, found: Diff, schema: Schema
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """With the cells that hold what can't be sent, as they are; and what is to be said of rows that are a problem."""
    places = {str(task): at for at, task in enumerate(df.index)}
    rows = {str(task): at for at, task in enumerate(edited.ids)}
    cells: dict[str, dict[int, Any]] = {}
    whole = []
    for problem in found.problems:
        name, task = problem.column, problem.id
        if name is None or name not in schema or name not in edited.columns or task not in rows:
            whole.append(problem)
        elif task in places and name in df:
            cells.setdefault(name, {})[places[task]] = edited.columns[name].iloc[rows[task]]
    for name, values in cells.items():
        array = df[name].astype("object").to_numpy(copy=True)
        for at, value in values.items():
            array[at] = value
        df[name] = pd.Series(array, index=df.index, dtype="object")
    notes = [f"{count(len(whole), 'row')} not taken along; the first: {whole[0].problem}"] if whole else []
    return df, tuple(notes)


def _with_own_columns(df: pd.DataFrame, before: pd.DataFrame, edited: Edited) -> pd.DataFrame:
    """With the columns that are not the service's, by task."""
    first = ~np.asarray(edited.ids.duplicated())
    for name in edited.ignored:
        if name in before.columns and name not in df.columns:
            own = pd.Series(before[name].array[first], index=edited.ids[first])
            df[name] = own.reindex(df.index).array
    return df


def _joined(one: pd.DataFrame, other: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    values: Mapping[str, list[Any]] = {
        str(name): [*normal_values(one[name]), *normal_values(other[name])]
        for name in other.columns if name in one.columns
    }  # fmt: skip
    return schema.frame([*map(str, one.index), *map(str, other.index)], dict(values))


def _table(cells: Sequence[Cell]) -> pd.DataFrame:
    table = pd.DataFrame(list(cells), columns=list(_COLUMNS), dtype="object")
    return table.astype({"id": "str", "column": "str", "edit": "str"})
