"""What a preview says of many cells: counts, the commonest changes, the first rows. numpy counts them all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd

from taskframe.preview.cells import as_json, is_cleared, is_null
from taskframe.problem import Problem
from taskframe.schema import Role, Schema

if TYPE_CHECKING:
    from taskframe.changes.changes import Changes, ColumnChanges


@dataclass(frozen=True)
class Pair:
    """A change of value that `count` cells have in common."""

    before: Any
    after: Any
    count: int

    @property
    def cleared(self) -> bool:
        """Whether these cells lose their value."""
        return is_cleared(self.before, self.after)


@dataclass(frozen=True)
class ColumnSummary:
    """One column's changes: how many cells, how many of them cleared, the commonest pairs, how many others."""

    column: str
    cells: int
    cleared: int
    pairs: tuple[Pair, ...]
    other_cells: int
    other_pairs: int


@dataclass(frozen=True)
class Sample:
    """One of the first tasks: what it is, and its changed cells. `more`: changed cells that are not among them."""

    id: str
    identifier: str
    title: Any
    cells: tuple[tuple[str, Pair], ...]
    more: int


@dataclass(frozen=True)
class Case:
    """Problems that say the same, but for numbers: how many, and the first of them."""

    example: Problem
    count: int


@dataclass(frozen=True)
class ProblemGroup:
    """The problems of one kind in one column (None: of whole rows): how many, the commonest cases, how many others."""

    kind: str
    column: str | None
    count: int
    cases: tuple[Case, ...]
    others: int


@dataclass(frozen=True)
class Reason:
    """An outcome with its detail, and how many tasks have both."""

    outcome: str
    detail: str
    count: int


def columns_summary(changes: Changes, pairs: int = 3) -> tuple[ColumnSummary, ...]:
    """Each changed column in turn, with at most `pairs` commonest pairs."""
    return tuple(_column_summary(c, pairs) for c in changes.columns.values() if len(c))


def first_tasks(changes: Changes, schema: Schema, tasks: int, cells: int = 8) -> Iterator[Sample]:
    """The first tasks, each with at most `cells` changed cells."""
    base = changes.base.iloc[:tasks]
    found: list[list[tuple[str, Pair]]] = [[] for _ in range(len(base))]
    for name, column in changes.columns.items():
        for i in range(int(np.searchsorted(column.rows, len(base)))):
            found[column.rows[i]].append((name, Pair(column.before[i], column.after[i], 1)))
    identifiers, titles = by_role(base, schema, "identifier"), by_role(base, schema, "title")
    for position, task in enumerate(base.index):
        if not found[position]:
            continue
        identifier = None if identifiers is None else identifiers.iloc[position]
        yield Sample(
            str(task),
            str(task) if is_null(identifier) else str(identifier),
            None if titles is None else titles.iloc[position],
            tuple(found[position][:cells]),
            max(len(found[position]) - cells, 0),
        )


def problem_groups(problems: Sequence[Problem], cases: int = 3) -> tuple[ProblemGroup, ...]:
    """The problems by kind and column, the commonest first, each with at most `cases` commonest cases."""
    kinds: dict[tuple[str, str | None], dict[str, list[Any]]] = {}
    for problem in problems:
        words = kinds.setdefault((problem.kind, problem.column), {})
        found = words.setdefault(problem.problem, [problem, 0])
        found[1] += 1
    groups = [_problem_group(kind, column, words, cases) for (kind, column), words in kinds.items()]
    return tuple(sorted(groups, key=lambda group: -group.count))


def _problem_group(kind: str, column: str | None, words: Mapping[str, Sequence[Any]], most: int) -> ProblemGroup:
    alike: dict[str, tuple[Problem, int]] = {}
    for text, (problem, count) in words.items():
        shape = _NUMBER.sub("0", text)
        first, before = alike.get(shape, (problem, 0))
        alike[shape] = first, before + count
    found = sorted((Case(*case) for case in alike.values()), key=lambda case: -case.count)
    total, shown = sum(case.count for case in found), sum(case.count for case in found[:most])
    return ProblemGroup(kind, column, total, tuple(found[:most]), total - shown)


def identifiers_of(problems: Sequence[Problem], changes: Changes, schema: Schema) -> dict[str, str]:
    """Task id → identifier for those of the problems' tasks that are in the changes."""
    identifiers = by_role(changes.base, schema, "identifier")
    if identifiers is None:
        return {}
    tasks = [p.id for p in problems if p.id is not None]
    found = identifiers[np.asarray(identifiers.index.isin(tasks))]
    return {str(task): str(v) for task, v in zip(found.index, found, strict=True) if not is_null(v)}


def value_counts(values: pd.Series) -> list[tuple[Any, int]]:
    """Each value with its count; categories in their own order, others by count. Lists count by their content."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        counts = values.value_counts(sort=False, dropna=False)
        return [(value, int(n)) for value, n in counts.items() if n]
    objects = values.to_numpy(dtype=object)
    codes = _codes(objects)
    numbers, first, sizes = _groups(codes)
    order = np.argsort(-sizes, kind="stable")
    return [(objects[first[i]], int(sizes[i])) for i in order[: len(numbers)]]


def reasons(outcomes: pd.DataFrame, without: Sequence[str], most: int) -> list[Reason]:
    """The commonest (outcome, detail), of the tasks whose outcome is not in `without`.

    Details that differ only in their request id, or in what they quote, are one reason.
    """
    left = outcomes.loc[~outcomes["outcome"].isin(list(without)).to_numpy(dtype=bool)]
    if left.empty or "detail" not in left:
        return []
    counts = Counter(zip(left["outcome"], left["detail"], strict=True))
    groups: dict[tuple[str, str], dict[str, int]] = {}
    for (kind, detail), count in counts.items():
        if not is_null(detail) and detail:
            words = _REQUEST_ID.sub("", str(detail))
            group = groups.setdefault((str(kind), _QUOTE.sub("…", words)), {})
            group[words] = group.get(words, 0) + count
    found = [
        Reason(kind, same if len(group) > 1 else next(iter(group)), sum(group.values()))
        for (kind, same), group in groups.items()
    ]
    return sorted(found, key=lambda reason: -reason.count)[:most]


_NUMBER = re.compile(r"\d+")
_REQUEST_ID = re.compile(r" ?\(request id [^()]{0,200}\)")
_QUOTE = re.compile(r"(?<!\w)'[^']{0,2000}'(?!\w)|\"[^\"]{0,2000}\"|`[^`]{0,2000}`")


def by_role(frame: pd.DataFrame, schema: Schema, role: Role) -> pd.Series | None:
    """The first column with this role that the frame has."""
    for column in schema.roles(role):
        if (found := column_of(frame, column.name)) is not None:
            return found
    return None


def column_of(frame: pd.DataFrame, name: str) -> pd.Series | None:
    """The (first) column of this name: an analyst's frame may lack it, or have it twice."""
    positions = np.flatnonzero(frame.columns == name)
    return frame.iloc[:, int(positions[0])] if len(positions) else None


def _column_summary(column: ColumnChanges, pairs: int) -> ColumnSummary:
    after = _codes(column.after)
    both = _codes(column.before) * (int(after.max()) + 1) + after
    _, first, sizes = _groups(both)
    order = np.argsort(-sizes, kind="stable")[:pairs]
    common = tuple(Pair(column.before[first[i]], column.after[first[i]], int(sizes[i])) for i in order)
    shown = sum(p.count for p in common)
    return ColumnSummary(
        column.column, len(column), column.cleared, common, len(column) - shown, len(sizes) - len(common)
    )


def _codes(values: np.ndarray) -> np.ndarray:
    """One number for each distinct value; null is 0."""
    if any(isinstance(v, pd.Timestamp) for v in values[:100]):
        with suppress(TypeError, ValueError):
            return pd.factorize(pd.DatetimeIndex(values))[0] + 1  # much faster than by each object's hash
    for hashable in (_as_is, _tuples):
        with suppress(TypeError):
            return pd.factorize(hashable(values))[0] + 1
    return pd.factorize(_json(values))[0] + 1


def _as_is(values: np.ndarray) -> np.ndarray:
    return values


def _tuples(values: np.ndarray) -> np.ndarray:
    """Lists as tuples: quick, where what is in them is hashable."""
    return _objects([tuple(v) if isinstance(v, list) else v for v in values])


def _json(values: np.ndarray) -> np.ndarray:
    encode = msgspec.json.Encoder(order="deterministic", enc_hook=str).encode
    try:
        return _objects([None if is_null(v) else encode(v) for v in values])
    except ValueError:  # half a surrogate pair
        return _objects([None if is_null(v) else as_json(v) for v in values])


def _objects(values: Sequence[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _groups(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct codes in order of appearance, the position of the first of each, and their counts."""
    groups, distinct = pd.factorize(codes)
    sizes = np.bincount(groups, minlength=len(distinct))
    first = np.empty(len(distinct), dtype=np.intp)
    first[groups[::-1]] = np.arange(len(groups))[::-1]
    return np.asarray(distinct), first, sizes
