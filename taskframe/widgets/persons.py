"""The people of a frame: their names, and whom a person means by what was typed."""

from __future__ import annotations

from collections.abc import Mapping

from taskframe.frame import TaskFrame


def names_of(tasks: TaskFrame) -> dict[str, str]:
    """id → name, of all who are known to the frame's connection, or to its load."""
    return tasks._people.names


def whom(tasks: TaskFrame, weights: Mapping[str, float]) -> dict[str | None, float]:
    """The same weights by id. Raises SettingsError or PlanError for somebody whom nobody knows, as `reassign` does."""
    return tasks._targets(weights)
