"""Runs as the journal has them: a plan put down before its first call, and a report made of what was put down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from taskframe.changes.changes import Changes
from taskframe.config import find_service
from taskframe.elsewhere import Finder, connected, plan_of
from taskframe.engine.outcome import OUTCOMES, Outcome
from taskframe.engine.work import Begun
from taskframe.errors import JournalError
from taskframe.files.saved import changes_payload, making_sense, payload_changes
from taskframe.journal import Entry, Head, Story
from taskframe.journal.records import cells, json_outcome
from taskframe.load import Load
from taskframe.people import People
from taskframe.report import Report
from taskframe.schema import Schema
from taskframe.services.base import Source

if TYPE_CHECKING:
    from taskframe.connection import Connection
    from taskframe.plan import Plan

PART = 2_048
"""So many tasks of a plan are put down at a time: memory does not grow with the plan."""

BROKE_OFF = "the run broke off before its outcome was known: report.resume() finds it out"
NEVER = "the run broke off before it was sent"
UNDER_WAY = "the run is under way: its outcome is not known yet"
NOT_YET = "the run is under way: it is not sent yet"


def head_of(plan: Plan, run: str, source: Source, timeout: float, options: Mapping[str, Any]) -> Head:
    """What the journal wants to know of a run."""
    return Head(
        run=run,
        plan=plan.id,
        parent=plan.parent,
        service=source.service,
        base_url=source.base_url,
        account=source.account,
        tasks=len(plan),
        timeout=timeout,
        options=options,
        plan_head=plan.head,
        exclusive=not plan.load.service.versioned,
    )


def parts_of(plan: Plan) -> Iterator[tuple[Sequence[str], Mapping[str, Any]]]:
    """The plan's tasks and their changes, as plain JSON."""
    for part in plan.parts(PART):
        yield [str(task) for task in part.ids], changes_payload(part)


def report_of(story: Story, connection: Connection | Finder | None, what: str) -> Report:
    """The report of a run, as far as it got. `what` names the journal. Raises JournalError when it makes no sense."""
    with making_sense(what):
        load = Load.from_json(story.head["load"], find_service(story.head["load"]["service"]))
        connection = connected(load, connection, f"run {story.entry.run}")
        changes = Changes.joined([payload_changes(part, load.schema) for part in story.changes])
        plan = plan_of({**story.head}, changes, load, connection)
    entry = story.entry
    return Report(
        entry.run,
        plan,
        False,
        story.elapsed,
        story.calls,
        _stopped(entry),
        _outcomes(story, [str(task) for task in changes.ids], load.schema),
        _load=load,
        _names=connection.known.names if connection else People(load.people).names,
        _options=story.options,
        _seen=entry.seen,
        _timeout=story.timeout,
    )


def caught_up(report: Report, story: Story) -> tuple[Report, Mapping[int, Outcome]]:
    """A report of a run, with what the journal knows of it by now: somebody may have gone on with it since.

    Also the outcomes that the journal does not have, as it could not be written when they were known.
    """
    fresh = _outcomes(story, [outcome.id for outcome in report.found], report.plan.schema)
    pairs = list(zip(report.found, fresh, strict=True))
    lacking = {at: ours for at, (ours, theirs) in enumerate(pairs) if theirs.left and not ours.left}
    found = [theirs if ours.left else ours for ours, theirs in pairs]
    calls, elapsed = max(report.calls, story.calls), max(report.elapsed, story.elapsed)
    return replace(report, calls=calls, elapsed=elapsed, _outcomes=found, _seen=story.entry.seen), lacking


def _stopped(entry: Entry) -> str:
    if entry.ended is not None:
        return entry.stopped
    return "it is still under way" if entry.live else "it broke off"


def _outcomes(story: Story, ids: Sequence[str], schema: Schema) -> list[Outcome]:
    found = []
    for position, task in enumerate(ids):
        data = story.outcomes.get(position)
        if data is None:
            found.append(_broken_off(story, position, task, schema))
            continue
        outcome = json_outcome(data, schema)
        if outcome.id != task:
            raise JournalError(f"run {story.entry.run}: an outcome of {outcome.id} stands where {task} belongs")
        if outcome.left and position in story.again and story.entry.ended is None:  # it was gone on with, and broke off
            outcome = _broken_off(story, position, task, schema, outcome)
        found.append(outcome)
    return found


def _broken_off(story: Story, position: int, task: str, schema: Schema, earlier: Outcome | None = None) -> Outcome:
    """`earlier`: what an earlier part of the run left of it."""
    live = story.entry.live
    if position not in story.begun:
        return Outcome(task, "skipped", NOT_YET if live else NEVER, left=True)
    words = UNDER_WAY if live else BROKE_OFF
    outcome = Outcome(task, "unknown", words, left=True)
    if earlier is not None:
        outcome = replace(earlier, kind="unknown", detail=words)
    if position not in story.steps:
        return outcome
    step = story.steps[position][-1]
    if step["written"].keys() <= outcome.written.keys():  # what an earlier part left is newer
        return outcome
    written, before, row = (cells(step[key], schema) for key in ("written", "before", "row"))
    return replace(outcome, written=written, before=before, row=row)


def left_of(outcomes: Sequence[Outcome]) -> tuple[dict[int, Begun], set[int]]:
    """To go on with a run: what is known of the tasks that it left behind, and the positions that are done."""
    begun: dict[int, Begun] = {}
    done: set[int] = set()
    for position, outcome in enumerate(outcomes):
        if not outcome.left:
            done.add(position)
        elif outcome.attempts or outcome.written or outcome.kind == "unknown":
            doubt = outcome.kind == "unknown"
            begun[position] = Begun(
                doubt, outcome.written, outcome.before, outcome.row, outcome.attempts, outcome.answered
            )
    return begun, done


def runs_table(entries: Sequence[Entry]) -> pd.DataFrame:
    """A row a run (index: run, the latest first): state, started, ended, tasks, a column an outcome, parent, plan."""
    columns: dict[str, Any] = {
        "state": pd.Series([_state(e) for e in entries], dtype="str"),
        "started": _times([e.started for e in entries]),
        "ended": _times([e.ended for e in entries]),
        "tasks": pd.Series([e.tasks for e in entries], dtype="int64"),
    }
    for kind in OUTCOMES:
        if kind != "ready":
            columns[kind] = pd.Series([e.counts.get(kind, 0) for e in entries], dtype="int64")
    columns["parent"] = pd.Series([e.parent for e in entries], dtype="str")
    columns["plan"] = pd.Series([e.plan for e in entries], dtype="str")
    table = pd.DataFrame(columns)
    table.index = pd.Index([e.run for e in entries], dtype="str", name="run")
    return table


def _state(entry: Entry) -> str:
    if entry.ended is None:
        return "live" if entry.live else "broken off"
    return "stopped" if entry.stopped else "ended"


def _times(seconds: list[Any]) -> pd.Series[Any]:
    return pd.to_datetime(pd.Series(seconds, dtype="float64"), unit="s", utc=True).dt.as_unit("us")
