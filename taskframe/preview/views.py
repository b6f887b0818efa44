"""What the faces hand over to be shown: plain frozen data, nothing to look up, nothing to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from taskframe.problem import Problem
from taskframe.schema import Schema

if TYPE_CHECKING:
    from taskframe.changes.changes import Changes


@dataclass(frozen=True)
class Shift:
    """Tasks of the load by assignee in `column`, where a plan changes their number: (id or None, before, after)."""

    column: str
    rows: tuple[tuple[str | None, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """A plan, as its preview shows it.

    - `service`, `source`: "Reload", "https://api.reload.chat · workspaceId ws_1".
    - `loaded_at`: UTC. `complete`: False when the load was cut. `limited`: only so many, or some ids, were wanted.
    - `calls`: the calls of the first attempt. `seconds`: what they take at the known rate; None when that is unknown.
    - `ignored`: the columns that the schema does not know.
    - `unseen`: column → {assignee that the load never had: cells}.
    - `names`: person id → name. `identifiers`: task id → identifier, for problems of tasks that do not change.
    - `shifts`: how the work moves between assignees; empty where the whole load is not at hand.
    - `open_risk`: what can't be verified; "" when nothing.
    - `confirm`: the number of tasks that apply wants to be told, `confirm_why` the reason; None when it wants none.
    - `hint`: what an empty plan says.
    """

    service: str
    source: str
    loaded_at: datetime
    changes: Changes
    schema: Schema
    calls: int
    complete: bool = True
    filters: Mapping[str, object] = field(default_factory=dict)
    limited: bool = False
    problems: Sequence[Problem] = ()
    warnings: Sequence[str] = ()
    ignored: Sequence[str] = ()
    notes: Sequence[str] = ()
    unseen: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    identifiers: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    shifts: Sequence[Shift] = ()
    open_risk: str = ""
    confirm: int | None = None
    confirm_why: str = ""
    hint: str = "no edits in tasks.df; edited a copy? tasks.plan(copy)"


@dataclass(frozen=True, kw_only=True)
class FrameView:
    """Loaded tasks, as their preview shows them.

    - `gaps`: what is, or may be, missing when it is not `complete`. `limited`: only so many, or some ids, were wanted.
    - `edited`: cells that differ from the baseline; None when they were not counted.
    """

    service: str
    source: str
    loaded_at: datetime
    frame: pd.DataFrame
    schema: Schema
    complete: bool = True
    gaps: Sequence[str] = ()
    filters: Mapping[str, object] = field(default_factory=dict)
    limited: bool = False
    notes: Sequence[str] = ()
    edited: int | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReportView:
    """A run, as its report shows it.

    - `counts`: outcome → tasks, in the order in which they are shown.
    - `outcomes`: index the task id; outcome, detail, and where known identifier, attempts, status_code, request_id.
    - `conflicts`: id, column, base, ours, theirs.
    - `elapsed`: seconds. `stopped`: why the run ended early; "" when it did not.
    """

    service: str
    source: str
    run_id: str
    counts: Mapping[str, int]
    outcomes: pd.DataFrame
    conflicts: pd.DataFrame
    elapsed: float
    calls: int
    dry_run: bool = False
    stopped: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
