"""The sentences that text and HTML have in common, so that both say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taskframe.preview.cells import as_json, shown
from taskframe.preview.escape import visible
from taskframe.preview.summary import ColumnSummary
from taskframe.preview.views import FrameView, PlanView, ReportView

_MEANINGS: Mapping[str, str] = {
    "ready": "an apply would send these",
    "unchanged": "the service had these values already, and not from this run",
    "conflict": "others changed the same cells since the load; theirs were left alone",
    "failed": "nothing was written",
    "partial": "one of two calls went through",
    "unknown": "what became of these can't be told",
    "skipped": "never sent",
}
_DRY_MEANINGS: Mapping[str, str] = {
    **_MEANINGS,
    "conflict": "others changed the same cells since the load",
    "failed": "an apply would not go through",
    "unknown": "what an apply would do can't be told",
    "skipped": "not looked at",
}
DONE = ("applied", "unchanged", "ready")


def count(number: int, noun: str) -> str:
    """`1 task`, `4,190 tasks`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """`45 seconds`, `12 minutes`, `2.8 hours`: as exact as anybody wants it."""
    if seconds < 1:
        return "less than a second"
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size:
            amount = f"{seconds / size:,.0f}" if unit == "minute" or seconds >= 100 * size else f"{seconds / size:,.1f}"
            return f"{amount.removesuffix('.0')} {unit}s"
    return count(round(seconds), "second")


def cleared(columns: Sequence[ColumnSummary]) -> str:
    """The first line of every plan: how many cells lose their value."""
    total = sum(c.cleared for c in columns)
    if not total:
        return "0 cells are cleared"
    parts = ", ".join(f"{visible(c.column)} {c.cleared:,}" for c in columns if c.cleared)
    return f"{count(total, 'cell')} {'is' if total == 1 else 'are'} CLEARED: {parts}"


def size(view: PlanView) -> str:
    """How much a plan is."""
    changes = view.changes
    if not len(changes):
        return "Nothing to do"
    columns = sum(1 for c in changes.columns.values() if len(c))
    parts = [count(len(changes.base), "task"), count(view.calls, "call")]
    parts += [f"{count(len(changes), 'cell')} in {count(columns, 'column')}", *time_needed(view)]
    return " · ".join(parts)


def place(view: PlanView | FrameView | ReportView) -> str:
    """Which service, at which address, whose account."""
    return " · ".join(visible(part) for part in (view.service, view.source) if part)


def loaded(view: PlanView | FrameView) -> str:
    """When it was loaded, by which filters, and whether only some were wanted."""
    some = "only some were asked for" if view.limited else ""
    parts = [f"loaded {shown(view.loaded_at)}", filters(view.filters), some]
    return " · ".join(part for part in parts if part)


def filters(filters: Mapping[str, object]) -> str:
    """`status = todo, in_progress`; values as the analyst gave them."""
    parts = []
    for name, value in filters.items():
        values = value if isinstance(value, list | tuple | set | frozenset) else [value]
        parts.append(f"{visible(name)} = {', '.join(as_json(v) if isinstance(v, dict) else shown(v) for v in values)}")
    return visible(" · ".join(parts))


def incomplete(view: PlanView | FrameView) -> str:
    """What a cut load means; "" when it is whole."""
    if view.complete:
        return ""
    if isinstance(view, PlanView):
        return "INCOMPLETE: the load was cut; tasks that it lacks are not in this plan"
    return f"INCOMPLETE: {visible('; '.join(view.gaps)) or 'the list was cut'}"


def problems(number: int) -> str:
    """How many problems, and what they stop."""
    problems = f"{number:,} {'PROBLEM' if number == 1 else 'PROBLEMS'}"
    return f"{problems}: apply refuses while any is left; plan.drop_problems() keeps what is fine as it is"


def time_needed(view: PlanView) -> list[str]:
    """`about 2.8 hours at the known rate`; nothing when it is unknown."""
    if view.seconds is None:
        return []
    return [f"{'' if view.seconds < 1 else 'about '}{duration(view.seconds)} at the known rate"]


def confirmation(view: PlanView) -> str:
    """What apply wants to be told, and why; "" when nothing."""
    if view.confirm is None:
        return ""
    why = f": {visible(view.confirm_why)}" if view.confirm_why else ""
    return f"Apply wants to be told the number of tasks, {view.confirm:,} (confirm=){why}"


def open_risk(view: PlanView) -> str:
    """What can't be verified; "" when nothing."""
    return f"Can't be verified: {visible(view.open_risk)}" if view.open_risk else ""


def ignored(view: PlanView) -> str:
    """The columns that nobody knows; "" when there are none."""
    names = [visible(name) for name in view.ignored]
    if not names:
        return ""
    more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
    return f"Ignored {'column' if len(names) == 1 else 'columns'}, unknown to {visible(view.service)}: " + (
        ", ".join(names[:20]) + more
    )


def counts(view: ReportView) -> str:
    """The first line of every report: the outcomes."""
    parts = [f"{number:,} {visible(outcome)}" for outcome, number in view.counts.items() if number]
    words = " · ".join(parts) or "no tasks"
    return f"DRY RUN, nothing was written: {words}" if view.dry_run else words


def rate(view: ReportView) -> str:
    """How many tasks and calls, in what time, at what rate."""
    tasks = sum(view.counts.values())
    words = f"{count(tasks, 'task')} · {count(view.calls, 'call')} in {_elapsed(view.elapsed)}"
    if not view.calls or view.elapsed <= 0:
        return words
    second = view.calls / view.elapsed
    per = f"{second:,.0f} calls a second" if second >= 2 else f"{second * 60:,.0f} calls a minute"
    return f"{words} ({per})"


def run(view: ReportView) -> str:
    """Which run."""
    return f"{'dry run' if view.dry_run else 'run'} {visible(view.run_id)}"


def _elapsed(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 90 else duration(seconds)


def meanings(view: ReportView) -> list[tuple[str, int, str]]:
    """Outcome, tasks and what it means, for all that need words."""
    meant = _DRY_MEANINGS if view.dry_run else _MEANINGS
    return [(outcome, n, meant[outcome]) for outcome, n in view.counts.items() if n and outcome in meant]


def stopped(view: ReportView) -> str:
    """Why the run ended early; "" when it did not."""
    return f"STOPPED EARLY: {visible(view.stopped)}" if view.stopped else ""


def tasks(view: FrameView) -> str:
    """The first line of a frame."""
    words = f"{count(len(view.frame), 'task')} of {visible(view.service)}"
    if view.edited is None:
        return words
    return f"{words} · {count(view.edited, 'cell')} edited" if view.edited else f"{words} · no edits"


def first(rows: int, total: int, noun: str = "task") -> str:
    """The heading of a table of first rows: `First 10 of 4,190 tasks`, `3 tasks`."""
    return (
        f"First {rows:,} of {count(total, noun)}" if total > rows else f"{total:,} {noun if total == 1 else noun + 's'}"
    )


def more(number: int, noun: str) -> str:
    """`… and 4,180 more tasks`."""
    return f"… and {number:,} more {noun if number == 1 else noun + 's'}" if noun else f"… and {number:,} more"


def task(task: str | None, identifiers: Mapping[str, str]) -> list[str]:
    """`REL-7 (9f2c…)`, or the id alone; nothing for a row without an id."""
    if task is None:
        return []
    identifier = identifiers.get(task)
    return [shown(task) if identifier in (None, task) else f"{shown(identifier)} ({shown(task)})"]
