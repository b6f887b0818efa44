"""Previews as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from taskframe.preview import words
from taskframe.preview.cells import persons_in, shown, shown_apart
from taskframe.preview.difference import side_by_side
from taskframe.preview.layout import Page, Words, say, say_pieces
from taskframe.preview.persons import Persons
from taskframe.preview.summary import (
    ColumnSummary,
    Pair,
    by_role,
    columns_summary,
    first_tasks,
    identifiers_of,
    problem_groups,
    reasons,
    value_counts,
)
from taskframe.preview.tables import Table, conflict_table, frame_table, left_table
from taskframe.preview.views import FrameView, PlanView, ReportView
from taskframe.preview.width import ends, head
from taskframe.preview.width import width as width_of
from taskframe.schema import Column

_COLUMNS = 30
"""At most so many changed columns are listed."""


def plan_text(view: PlanView, *, width: int = 100, colour: bool = False, rows: int = 10) -> str:
    """The preview of a plan, at most `width` columns wide, with the first `rows` tasks."""
    page = Page(width)
    columns = columns_summary(view.changes)
    persons = Persons(view.names)
    page.say(words.cleared(columns), "clear" if any(c.cleared for c in columns) else "", hang=2)
    page.say(words.size(view), "bold", hang=2)
    page.say(words.place(view), "dim", hang=2)
    page.say(words.loaded(view), "dim", hang=2)
    page.say(words.incomplete(view), "warn", hang=2)
    page.say(words.confirmation(view), "warn", hang=2)
    if not columns and not view.problems:
        page.say(view.hint, hang=2)
    if view.problems:
        _problems(page, view, persons)
    if columns:
        _columns(page, view, persons, columns)
        _unseen(page, view, persons)
        _tasks(page, view, persons, rows)
    _list(page, "Warnings", view.warnings)
    _list(page, "Notes", view.notes)
    page.gap()
    page.say(words.ignored(view), hang=2)
    page.say(words.open_risk(view), hang=2)
    return page.text(colour).rstrip()


def frame_text(view: FrameView, *, width: int = 100, colour: bool = False, rows: int = 10) -> str:
    """The preview of loaded tasks: how many, whether they are all, the first few."""
    page = Page(width)
    page.say(words.tasks(view), "bold", hang=2)
    page.say(words.incomplete(view), "warn", hang=2)
    page.say(words.place(view), "dim", hang=2)
    page.say(words.loaded(view), "dim", hang=2)
    _list(page, "Notes", view.notes)
    statuses = by_role(view.frame, view.schema, "status")
    if statuses is not None and len(statuses):
        counted = value_counts(statuses)
        page.gap()
        page.line(say(str(statuses.name), "bold"))
        page.table([(say(head(shown(v), 40)), say(f"{n:,}")) for v, n in counted[:12]], right=frozenset({1}))
        _more(page, len(counted) - 12, "other value")
    if len(view.frame):
        _table(page, "task", frame_table(view, rows))
    return page.text(colour).rstrip()


def report_text(view: ReportView, *, width: int = 100, colour: bool = False, rows: int = 10) -> str:
    """The report of a run: counts and rate, then what did not go through, and why."""
    page = Page(width)
    page.say(words.counts(view), "bold", hang=2)
    page.say(words.rate(view), hang=2)
    page.say(words.place(view), "dim", hang=2)
    page.say(words.run(view), "dim", hang=2)
    page.say(words.stopped(view), "warn", hang=2)
    page.gap()
    for outcome, number, meaning in words.meanings(view):
        page.say(f"{outcome} {number:,}: {meaning}", hang=2)
    found = reasons(view.outcomes, (*words.DONE, "conflict"), 6)
    if found:
        page.gap()
        page.line(say("Commonest reasons", "bold"))
        for reason in found:
            page.say(f"{reason.count:,} {reason.outcome}: {head(shown(reason.detail), 300)}", indent=2, hang=2)
    _table(page, "conflicting cell", conflict_table(view, rows, page.columns // 5))
    _table(page, "task", left_table(view, rows), " that did not go through")
    return page.text(colour).rstrip()


def _table(page: Page, noun: str, table: Table, which: str = "") -> None:
    if not table.rows:
        return
    page.gap()
    page.line(say(f"{words.first(len(table.rows), table.total, noun)}{which}", "bold"))
    wants = [max(map(width_of, column)) for column in zip(table.heads, *table.rows, strict=True)]
    wants[0] = min(wants[0], page.columns // 5)  # a long id must not take the room of what is said of the task
    sizes = _shares(wants, page.columns)
    fit = table.persons.fit
    body = [  # of ids the end matters too
        (say(ends(row[0], sizes[0])), *(say(fit(t, n)) for t, n in zip(row[1:], sizes[1:], strict=True)))
        for row in table.rows
    ]
    heads = tuple(say(ends(t, n), "dim") for t, n in zip(table.heads, sizes, strict=True))
    page.table([heads, *body])
    _more(page, table.total - len(table.rows), noun)


def _columns(page: Page, view: PlanView, persons: Persons, columns: Sequence[ColumnSummary]) -> None:
    page.gap()
    page.line(say("Cells per column, with the commonest before → after", "bold"))
    room = page.columns - 34 - max(min(len(c.column), 24) for c in columns[:_COLUMNS])
    body: list[tuple[Words, ...]] = []
    for column in columns[:_COLUMNS]:
        inside = persons_in(_known(view, column.column), persons)
        first: tuple[Words, ...] = (
            say(ends(shown(column.column), 24)),
            say(f"{column.cells:,}"),
            say(f"{column.cleared:,}" if column.cleared else "", "clear"),
        )
        for pair in column.pairs:
            change = _change(pair, inside, room)
            body.append((*first, say(f"{pair.count:,}×"), change[0]))
            body.extend((*(say(""),) * 4, line) for line in change[1:])
            first = (say(""),) * 3
        if column.other_cells:
            others = words.count(column.other_pairs, "other change")
            body.append((*first, say(f"{column.other_cells:,}×"), say(others, "dim")))
    page.table([_heads("column", "cells", "cleared", "", "before → after"), *body], right=frozenset({1, 2, 3}))
    _more(page, len(columns) - _COLUMNS, "column")


def _tasks(page: Page, view: PlanView, persons: Persons, rows: int) -> None:
    page.gap()
    page.line(say(words.first(rows, len(view.changes.base)), "bold"))
    samples = list(first_tasks(view.changes, view.schema, rows))
    heads = [(ends(shown(s.identifier), page.columns // 6), head(shown(s.title), page.columns // 4)) for s in samples]
    most = page.columns // 4
    columns = max((min(width_of(shown(name)), most) for s in samples for name, _ in s.cells), default=0)
    taken = sum(max(map(width_of, column)) for column in zip(*heads, strict=True))
    room = max(page.columns - taken - columns - 8, 12)
    body: list[tuple[Words, ...]] = []
    for sample, (identifier, title) in zip(samples, heads, strict=True):
        first = (say(identifier), say(title))
        for name, pair in sample.cells:
            change = _change(pair, persons_in(_known(view, name), persons), room)
            body.append((*first, say(ends(shown(name), most), "dim"), change[0]))
            first = (say(""), say(""))
            body.extend((*first, say(""), line) for line in change[1:])
        if sample.more:
            body.append((say(""), say(""), say(""), say(words.more(sample.more, "cell"), "dim")))
    page.table(body)
    _more(page, len(view.changes.base) - len(samples), "task")


def _change(pair: Pair, persons: Persons, room: int) -> list[Words]:
    """`before → after` on one line where it fits, else on two with what differs in view."""
    before, after = shown_apart(pair.before, pair.after, persons=persons)
    note = say("  cleared", "clear") if pair.cleared else Words()
    room_after = room - 2 - note.width
    if persons.id_of(before) or persons.id_of(after):
        old = say(persons.fit(before, room, ends), "before")
        new = say(persons.fit(after, room_after, ends), "after") + note
    else:
        left, right = side_by_side(before, after, room, room_after)
        old, new = say_pieces(left, "before"), say_pieces(right, "after") + note
    if old.width + new.width + 3 <= room:
        return [old + say(" → ") + new]
    return [old, say("→ ") + new]


def _problems(page: Page, view: PlanView, persons: Persons) -> None:
    page.gap()
    page.say(words.problems(len(view.problems)), "clear", hang=2)
    groups = problem_groups(view.problems)
    examples = [case.example for group in groups[:_COLUMNS] for case in group.cases]
    identifiers = {**identifiers_of(examples, view.changes, view.schema), **view.identifiers}
    for group in groups[:_COLUMNS]:
        column = "" if group.column is None else f" · {ends(shown(group.column), 60)}"
        page.say(f"{group.kind}{column}: {group.count:,}", "bold", indent=2, hang=2)
        inside = persons_in(_known(view, group.column), persons)
        for case in group.cases:
            problem = case.example
            parts = [f"line {problem.line:,}"] if problem.line is not None else []
            parts += words.task(problem.id, identifiers)
            if group.column is not None:
                value = inside.fit(shown(problem.value, inside), 60, ends)
                parts.append(f"{ends(shown(group.column), 60)} = {value}")
            such = " · ".join([*parts, head(shown(problem.problem), 400)])
            page.say(such if case.count == 1 else f"{case.count:,}×, such as {such}", indent=4, hang=2)
        _more(page, group.others, "", indent=4)
    _more(page, len(groups) - _COLUMNS, "group")


def _unseen(page: Page, view: PlanView, persons: Persons) -> None:
    found = [(column, who, n) for column, people in view.unseen.items() for who, n in people.items()]
    if not found:
        return
    page.gap()
    page.line(say("Assignees never seen before in this load", "warn"))
    found.sort(key=lambda item: -item[2])
    page.table(
        [
            (say(column), say(persons.fit(shown(who, persons), 50)), say(words.count(n, "cell")))
            for column, who, n in found[:10]
        ],
        right=frozenset({2}),
    )
    _more(page, len(found) - 10, "assignee")


def _list(page: Page, title: str, items: Sequence[str]) -> None:
    if not items:
        return
    page.gap()
    page.line(say(title, "bold"))
    for item in items[:20]:
        page.say(f"· {item}", indent=2, hang=2)
    _more(page, len(items) - 20, "")


def _more(page: Page, number: int, noun: str, indent: int = 2) -> None:
    if number > 0:
        page.line(say(" " * indent + words.more(number, noun), "dim"))


def _heads(*names: str) -> tuple[Words, ...]:
    return tuple(say(name, "dim") for name in names)


def _known(view: PlanView, column: str | None) -> Column | None:
    return next((c for c in view.schema if c.name == column), None)


def _shares(wants: Sequence[int], columns: int) -> list[int]:
    """What each column of a table gets of `columns`: small ones what they want, large ones equal parts of the rest."""
    left, given = columns - 2 * len(wants) - 2, dict.fromkeys(range(len(wants)), 0)
    for position in sorted(given, key=lambda i: wants[i]):
        waiting = sum(1 for n in given.values() if not n)
        given[position] = max(min(wants[position], left // waiting), 1)
        left -= given[position]
    return list(given.values())
