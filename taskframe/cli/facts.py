"""Plans, reports and frames as JSON, for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskframe.cli.screen import records

if TYPE_CHECKING:
    from taskframe.frame import TaskFrame
    from taskframe.load import Load
    from taskframe.plan import Plan
    from taskframe.report import Report


def load_facts(load: Load) -> dict[str, Any]:
    """Where tasks came from, when, and whether they are all."""
    return {
        "service": load.source.service,
        "base_url": load.source.base_url,
        "account": dict(load.source.account),
        "loaded_at": load.loaded_at.isoformat(),
        "filters": dict(load.filters),
        "complete": load.complete,
        "gaps": list(load.gaps),
    }


def frame_facts(tasks: TaskFrame) -> dict[str, Any]:
    """Loaded tasks, without their values."""
    return {**load_facts(tasks.load), "tasks": len(tasks), "notes": list(tasks.notes)}


def plan_facts(plan: Plan) -> dict[str, Any]:
    """A plan, with its changes and problems."""
    changes = plan.changes
    return {
        "plan": plan.id,
        "parent": plan.parent,
        **load_facts(plan.load),
        "tasks": len(plan),
        "calls": plan.calls,
        "cells": len(changes),
        "cleared": int((changes["after"].isna() & changes["before"].notna()).sum()),
        "confirm": plan.confirmation[0],
        "changes": records(changes),
        "problems": records(plan.problems),
        "warnings": list(plan.warnings),
        "ignored": list(plan.ignored),
        "notes": list(plan.notes),
    }


def report_facts(report: Report) -> dict[str, Any]:
    """What became of a plan: an outcome for every task."""
    return {
        "run": report.run_id,
        "plan": report.plan.id,
        "parent": report.plan.parent,
        "dry_run": report.dry_run,
        "ok": report.ok,
        **load_facts(report.plan.load),
        "counts": report.counts,
        "stopped": report.stopped,
        "calls": report.calls,
        "elapsed": round(report.elapsed, 3),
        "tasks": records(report.outcomes.rename_axis("id").reset_index()),
        "conflicts": records(report.conflicts),
    }
