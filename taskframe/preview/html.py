"""Previews as HTML: for a notebook, without scripts, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from taskframe.preview import words
from taskframe.preview.cells import NULL, persons_in, shown, shown_apart
from taskframe.preview.difference import Pieces, side_by_side
from taskframe.preview.markup import Markup, join, tag
from taskframe.preview.persons import Persons
from taskframe.preview.style import STYLE
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
from taskframe.preview.views import FrameView, PlanView, ReportView, Shift
from taskframe.preview.width import ends, head
from taskframe.schema import Column

_COLUMNS = 30
_PEOPLE = 12
_IN_SUMMARY, _IN_ROWS, _TITLE, _VALUE = 120, 240, 90, 160


def plan_html(view: PlanView, *, rows: int = 20, lists: bool = True) -> str:
    """The preview of a plan, with the first `rows` tasks; without `lists` it leaves problems and tasks to others."""
    columns = columns_summary(view.changes)
    persons = Persons(view.names)
    return _page(
        "Plan",
        _line(words.cleared(columns), "tf-first tf-red" if any(c.cleared for c in columns) else "tf-first"),
        _line(words.size(view), "tf-size"),
        _line(f"{words.place(view)} · {words.loaded(view)}", "tf-quiet"),
        _line(words.incomplete(view), "tf-amber"),
        _line(words.confirmation(view), "tf-amber"),
        None if columns or view.problems else _line(view.hint),
        _problems(view, persons) if view.problems and lists else None,
        _columns(view, persons, columns) if columns else None,
        *(_shift(shift, persons) for shift in view.shifts),
        _unseen(view, persons),
        _tasks(view, persons, rows) if columns and lists else None,
        _list("Warnings", view.warnings),
        _list("Notes", view.notes),
        _line(words.ignored(view)),
        _line(words.open_risk(view), "tf-amber"),
    )


def frame_html(view: FrameView, *, rows: int = 20) -> str:
    """The preview of loaded tasks: how many, whether they are all, the first few."""
    statuses = by_role(view.frame, view.schema, "status")
    counted = value_counts(statuses) if statuses is not None else []
    counts = " · ".join(f"{head(shown(value), 40)} {n:,}" for value, n in counted[:12])
    others = f" · {words.more(len(counted) - 12, 'other value')}" if len(counted) > 12 else ""
    return _page(
        "Tasks",
        _line(words.tasks(view), "tf-first"),
        _line(words.incomplete(view), "tf-red"),
        _line(f"{words.place(view)} · {words.loaded(view)}", "tf-quiet"),
        _list("Notes", view.notes),
        tag("p", tag("b", shown(statuses.name)), f": {counts}{others}") if statuses is not None and counts else None,
        _plain(frame_table(view, rows), "task"),
    )


def report_html(view: ReportView, *, rows: int = 20) -> str:
    """The report of a run: counts and rate, then what did not go through, and why."""
    found = reasons(view.outcomes, (*words.DONE, "conflict"), 6)
    return _page(
        "Report",
        _line(words.counts(view), "tf-first tf-amber" if view.dry_run else "tf-first"),
        _line(words.rate(view), "tf-size"),
        _line(f"{words.place(view)} · {words.run(view)}", "tf-quiet"),
        _line(words.stopped(view), "tf-red"),
        *(tag("p", tag("b", f"{outcome} {n:,}"), f": {meaning}") for outcome, n, meaning in words.meanings(view)),
        _list("Commonest reasons", [f"{r.count:,} {r.outcome}: {head(shown(r.detail), 400)}" for r in found]),
        _plain(conflict_table(view, rows, _VALUE), "conflicting cell"),
        _plain(left_table(view, rows), "task", " that did not go through"),
    )


def _columns(view: PlanView, persons: Persons, columns: Sequence[ColumnSummary]) -> Markup:
    groups = []
    for column in columns[:_COLUMNS]:
        inside = persons_in(_known(view, column.column), persons)
        lines = [join(_number(f"{pair.count:,}×"), *_change(pair, inside, _IN_SUMMARY)) for pair in column.pairs]
        if column.other_cells:
            others = tag("td", words.count(column.other_pairs, "other change"), colspan=2, class_="tf-quiet")
            lines.append(join(_number(f"{column.other_cells:,}×"), others))
        span = len(lines)
        cleared = tag("span", f"{column.cleared:,} cleared", class_="tf-clear") if column.cleared else None
        first = join(
            tag("th", ends(shown(column.column), 60), scope="rowgroup", rowspan=span, class_="tf-name"),
            tag("td", f"{column.cells:,}", rowspan=span, class_="tf-number"),
            tag("td", cleared, rowspan=span, class_="tf-number"),
        )
        groups.append([join(first, lines[0]), *lines[1:]])
    heads = ("column", "cells", "cleared", "times", "before", "after")
    table = _table("Cells per column, with the commonest before → after", heads, groups, numbers=(1, 2, 3))
    return join(table, _more(len(columns) - _COLUMNS, "column"))


def _shift(shift: Shift, persons: Persons) -> Markup:
    """Bars of tasks before and after, drawn with nothing but widths."""
    most = max(max(before, after) for _, before, after in shift.rows)
    groups = []
    for who, before, after in shift.rows[:_PEOPLE]:
        name = "nobody" if who is None else ends(persons.label(who) or shown(who), 40)
        bars = [
            tag("span", "", class_=f"tf-bar {name}", style=f"width: {number / most:.1%}")
            for name, number in (("tf-was", before), ("tf-is", after))
        ]
        cells = (tag("th", name, scope="row", class_="tf-name"), _number(f"{before:,}"), _number(f"{after:,}"))
        groups.append([join(*cells, tag("td", join(*bars), class_="tf-bars"))])
    title = f"Tasks by {shown(shift.column)}, of the whole load"
    table = _table(title, ("", "before", "after", ""), groups, numbers=(1, 2))
    return join(table, _more(len(shift.rows) - _PEOPLE, "assignee"))


def _tasks(view: PlanView, persons: Persons, rows: int) -> Markup:
    groups = []
    for sample in first_tasks(view.changes, view.schema, rows):
        lines = [
            join(
                tag("td", ends(shown(name), 60)),
                *_change(pair, persons_in(_known(view, name), persons), _IN_ROWS),
            )
            for name, pair in sample.cells
        ]
        if sample.more:
            lines.append(tag("td", words.more(sample.more, "cell"), colspan=3, class_="tf-quiet"))
        title = shown(sample.title)
        short = head(title, _TITLE)
        first = join(
            tag("th", ends(shown(sample.identifier), 40), scope="rowgroup", rowspan=len(lines), class_="tf-name"),
            tag("td", short, rowspan=len(lines), class_="tf-title", title=None if short == title else head(title, 500)),
        )
        groups.append([join(first, lines[0]), *lines[1:]])
    total = len(view.changes.base)
    table = _table(words.first(rows, total), ("task", "title", "column", "before", "after"), groups)
    return join(table, _more(total - len(groups), "task"))


def _problems(view: PlanView, persons: Persons) -> Markup:
    groups = problem_groups(view.problems)
    examples = [case.example for group in groups[:_COLUMNS] for case in group.cases]
    identifiers = {**identifiers_of(examples, view.changes, view.schema), **view.identifiers}
    bodies = []
    for group in groups[:_COLUMNS]:
        inside = persons_in(_known(view, group.column), persons)
        lines = []
        for case in group.cases:
            problem = case.example
            value = None if group.column is None else _value(shown(problem.value, inside), inside, 60)
            lines.append(
                join(
                    _number(f"{case.count:,}×"),
                    _number("" if problem.line is None else f"{problem.line:,}"),
                    tag("td", " ".join(words.task(problem.id, identifiers)), class_="tf-task"),
                    tag("td", value, class_="tf-value"),
                    tag("td", head(shown(problem.problem), 400), class_="tf-words"),
                )
            )
        if group.others:
            others = tag("td", words.more(group.others, ""), colspan=4, class_="tf-quiet")
            lines.append(join(_number(f"{group.others:,}×"), others))
        column = None if group.column is None else ends(shown(group.column), 60)
        first = join(
            tag("th", group.kind, scope="rowgroup", rowspan=len(lines), class_="tf-name"),
            tag("td", column, rowspan=len(lines)),
            tag("td", f"{group.count:,}", rowspan=len(lines), class_="tf-number"),
        )
        bodies.append([join(first, lines[0]), *lines[1:]])
    heads = ("problem", "column", "count", "times", "line", "such as", "value", "what would be right")
    return join(
        _line(words.problems(len(view.problems)), "tf-red"),
        _table("Problems by kind and column, the commonest of each", heads, bodies, numbers=(2, 3, 4)),
        _more(len(groups) - _COLUMNS, "group"),
    )


def _unseen(view: PlanView, persons: Persons) -> Markup | None:
    found = [(column, who, n) for column, people in view.unseen.items() for who, n in people.items()]
    found.sort(key=lambda item: -item[2])
    lines = [
        f"{shown(column)}: {persons.fit(shown(who, persons), 80)}, {words.count(n, 'cell')}" for column, who, n in found
    ]
    return _list("Assignees never seen before in this load", lines)


def _change(pair: Pair, persons: Persons, columns: int) -> tuple[Markup, Markup]:
    before, after = shown_apart(pair.before, pair.after, persons=persons)
    if persons.id_of(before) or persons.id_of(after):
        old, new, plain = _value(before, persons, columns), _value(after, persons, columns), ends(after, columns)
    else:
        left, right = side_by_side(before, after, columns)
        old, new, plain = _pieces(left, "del"), _pieces(right, "ins"), "".join(p.text for p in right)
    if pair.cleared:
        new = tag("span", f"{plain} cleared", class_="tf-clear")
    return tag("td", old, class_="tf-value"), tag("td", new, class_="tf-value")


def _value(text: str, persons: Persons, columns: int, cut: Callable[[str, int], str] = ends) -> Markup | str:
    """A text that may be a person's label: then the whole id is there to be pointed at."""
    fitted = persons.fit(text, columns, cut)
    who = persons.id_of(text)
    return _text(fitted) if who is None else tag("span", fitted, title=shown(who))


def _pieces(pieces: Pieces, name: str) -> Markup:
    parts = (tag(name, p.text) if p.changed and p.text else _text(p.text) for p in pieces)
    return join(*parts)


def _text(text: str) -> str:
    return tag("span", text, class_="tf-null", title="null") if text == NULL else text


def _plain(table: Table, noun: str, which: str = "") -> Markup | None:
    if not table.rows:
        return None
    groups = []
    for row in table.rows:
        cells = [
            tag("td", _value(text, table.persons, _VALUE, head), class_="tf-long" if len(text) > 40 else None)
            for text in row[1:]
        ]
        groups.append(join(tag("th", ends(row[0], 60), scope="row", class_="tf-name"), *cells))
    shown_rows = len(table.rows)
    caption = words.first(shown_rows, table.total, noun) + which
    return join(_table(caption, table.heads, [groups]), _more(table.total - shown_rows, noun))


def _table(
    caption: str, heads: Sequence[str], groups: Iterable[Sequence[Markup]], numbers: Sequence[int] = ()
) -> Markup:
    head_row = tag(
        "tr",
        *(tag("th", text, scope="col", class_="tf-number" if i in numbers else None) for i, text in enumerate(heads)),
    )
    bodies = (tag("tbody", *(tag("tr", row) for row in rows), class_="tf-group") for rows in groups)
    table = tag("table", tag("caption", caption), tag("thead", head_row), *bodies, class_="tf-table")
    # A region that scrolls must be reachable by keyboard, and so have a name.
    return tag("div", table, class_="tf-scroll", role="region", tabindex=0, aria_label=caption)


def _page(label: str, *parts: Markup | None) -> str:
    return str(tag("div", STYLE, *parts, class_="taskframe", role="group", aria_label=f"{label} of taskframe"))


def _line(text: str, class_: str | None = None) -> Markup | None:
    return tag("p", text, class_=class_) if text else None


def _list(title: str, items: Sequence[str]) -> Markup | None:
    if not items:
        return None
    return join(
        tag("p", title, class_="tf-head"),
        tag("ul", *(tag("li", head(shown_line, 600)) for shown_line in items[:20])),
        _more(len(items) - 20, ""),
    )


def _number(text: str) -> Markup:
    return tag("td", text, class_="tf-number")


def _more(number: int, noun: str) -> Markup | None:
    return tag("p", words.more(number, noun), class_="tf-quiet") if number > 0 else None


def _known(view: PlanView, column: str | None) -> Column | None:
    return next((c for c in view.schema if c.name == column), None)
