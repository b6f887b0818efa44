"""What a load may ask Reload for, checked before the first call."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

from taskframe.errors import SettingsError, did_you_mean
from taskframe.services.asked import text, texts
from taskframe.services.reload.parts import Part
from taskframe.services.reload.tasks import PRIORITIES, STATUSES
from taskframe.services.reload.wire import LIST_MY_TASKS, LIST_TASKS

LISTED: Final = ("status", "priority", "assigneeUserId", "assigneeAgentId", "channelId")
"""The filters that take one value or several; the service takes one a call, so each combination is a call."""

KNOWN: Final = (*LISTED, "query", "mine")
_CHOICES: Final[Mapping[str, Sequence[str]]] = {"status": STATUSES, "priority": PRIORITIES}


def parts_of(filters: Mapping[str, object]) -> list[Part]:
    """The parts of the list that `filters` asks for, one first call each.

    `status`, `priority`, `assigneeUserId`, `assigneeAgentId`, `channelId`: a value or several; `query`: a text that
    the service looks for in title, description and identifier; `mine=True`: what is assigned to the caller, with
    `status` only. Anything else is `SettingsError`.
    """
    for name in filters:
        if name not in KNOWN:
            known = ", ".join(KNOWN)
            raise SettingsError(f"Reload has no filter {name!r}.{did_you_mean(name, KNOWN)} There are: {known}.")
    wanted = {name: texts("Reload", name, filters[name], _CHOICES.get(name, ())) for name in LISTED if name in filters}
    if "query" in filters:
        wanted["query"] = [text("query", filters["query"])]
    mine = filters.get("mine", False)
    if not isinstance(mine, bool):
        raise SettingsError(f"the filter mine is True or False, not {mine!r}")
    others = [name for name in wanted if name != "status"]
    if mine and others:
        raise SettingsError(
            f"mine=True goes with status only: Reload's list-my-tasks does not take {', '.join(others)}"
        )
    path = LIST_MY_TASKS if mine else LIST_TASKS
    combinations = itertools.product(*wanted.values())
    return [Part(path, tuple(zip(wanted, values, strict=True))) for values in combinations]
