"""What a service passes by whole columns: never a task that its `check` would name, but plain edits always."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_kore_update import CATALOGUE, EFFORT, REGION

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.changes.changes import Changes, ColumnChanges
from taskframe.changes.diff import Diff
from taskframe.changes.edit import Edit
from taskframe.changes.normal import objects
from taskframe.guard import checked
from taskframe.load import Load
from taskframe.problem import Problem
from taskframe.services.base import Service, Source, doubtful
from taskframe.services.kore import Kore
from taskframe.services.pragmatiks import Pragmatiks
from taskframe.services.reload import Reload

TIME = pd.Timestamp("2026-05-29T04:03:00.250Z")
BETWEEN = pd.Timestamp("2026-05-29T04:03:00.250001Z")


class Every(Kore):
    """Looks at each task."""

    def check(self, edit: Edit, catalogue: Catalogue) -> Sequence[Problem]:
        return super().check(edit, catalogue)


def kore(*afters: dict[str, Any], fields: Sequence[Any] = (EFFORT, REGION)) -> Changes:
    """Of the tasks t0, t1, …"""
    base = {"name": "Old", "assigneeType": "unassigned", "fields": list(fields)}
    edits = [Edit(f"t{n}", base, after) for n, after in enumerate(afters)]
    return Changes.of(edits, Kore().schema(CATALOGUE))


def told(service: Service, changes: Changes, catalogue: Catalogue) -> list[str]:
    mask = doubtful(service, changes, catalogue)
    assert mask is not None
    assert mask.dtype == bool
    return list(changes.ids[mask])


def named(service: Service, changes: Changes, catalogue: Catalogue) -> set[str | None]:
    return {p.id for edit in changes.edits() for p in service.check(edit, catalogue)}


def load_of(service: Service, catalogue: Catalogue) -> Load:
    source = Source(service.name, "https://tasks.example", {})
    return Load(service, source, service.schema(catalogue), catalogue, datetime(2026, 1, 5, tzinfo=UTC), 100)


def reload(versions: Any) -> Changes:
    """An edit of the title of each of the tasks t0, t1, …"""
    ids = pd.Index([f"t{n}" for n in range(len(versions))], name="id", dtype="str")
    base = pd.DataFrame({"title": pd.array(["a"] * len(ids), dtype="str"), "version": versions}, index=ids)
    after = objects(["b"] * len(ids))
    return Changes(base, {"title": ColumnChanges("title", np.arange(len(ids)), objects(["a"] * len(ids)), after)})


# Kore


PLAIN: list[dict[str, Any]] = [
    {"name": "New", "desc": "", "tags": ["a"], "isActive": False},
    {"status.name": "Open"},
    {"status.name": "sts-2", "priority.name": "High"},
    {"currAssignee._id": "u-1"},
    {"currAssignee._id": "u-2"},
    {"currAssignee._id": None},
    {"dueDate": TIME, "ETA": None, "updatedAt": TIME},
    {"fields": [EFFORT]},
]
ODD: list[dict[str, Any]] = [
    {"status.name": "open"},
    {"priority.name": "Nope", "name": "New"},
    {"currAssignee._id": "Jo"},
    {"dueDate": BETWEEN},
    {"ETA": BETWEEN, "name": "New"},
    {"createdAt": BETWEEN},
    {"fields.Other": "x"},
    {"fields.Effort": 4.0, "fields": [REGION]},
    {"currAssignee._id": None, "assigneeType": "agents"},
    {"currAssignee._id": "u-1", "assigneeType": "unassigned"},
]


def test_kore_passes_names_that_are_known_and_times_that_it_can_hold() -> None:
    """Nothing else in their columns is passed."""
    catalogue = CATALOGUE
    assert named(Kore(), kore(*PLAIN), catalogue) == set()
    assert told(Kore(), kore(*PLAIN), catalogue) == []
    assert told(Kore(), kore(*PLAIN, ODD[0], ODD[3]), catalogue) == ["t8", "t9"]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_kore_passes_no_task_that_its_check_names(odd: dict[str, Any]) -> None:
    """Alone, and among others with edits of the same columns."""
    known = {**CATALOGUE.entries["fields"], "fields.Other": CATALOGUE.entries["fields"]["fields.Region"]}
    catalogue = Catalogue({**CATALOGUE.entries, "fields": known})
    schema = Kore().schema(catalogue)
    for afters in ([odd], [*PLAIN, odd], [odd, *PLAIN]):
        base = {"name": "Old", "assigneeType": "unassigned", "fields": [EFFORT, REGION]}
        changes = Changes.of([Edit(f"t{n}", base, after) for n, after in enumerate(afters)], schema)
        found = named(Kore(), changes, catalogue)
        assert found == {f"t{afters.index(odd)}"}
        assert found <= set(told(Kore(), changes, catalogue))


def test_kore_looks_at_each_task_with_an_edit_of_the_accounts_own_fields() -> None:
    """Which fields a task has only the task tells."""
    changes = kore({"fields.Effort": 4.0}, {"name": "New"}, {"fields.Region": None})
    assert told(Kore(), changes, CATALOGUE) == ["t0", "t2"]
    assert named(Kore(), kore({"fields.Effort": 4.0}, fields=[REGION]), CATALOGUE) == {"t0"}


def test_a_kind_of_assignee_is_in_doubt_only_where_assignees_are_edited_too() -> None:
    alone = kore({"assigneeType": "agents"}, {"name": "New"})
    assert told(Kore(), alone, CATALOGUE) == []
    both = kore({"assigneeType": "agents"}, {"currAssignee._id": "u-1"}, {"assigneeType": "agents", "name": "New"})
    assert told(Kore(), both, CATALOGUE) == ["t0", "t2"]


def test_the_plan_is_the_same_as_where_each_task_is_looked_at() -> None:
    """Whatever is edited together: what is left, the problems, and their order."""
    rng = random.Random(5)
    for _ in range(30):
        afters = [dict(rng.choice(rng.choice([PLAIN, ODD]))) for _ in range(rng.randint(0, 8))]
        for after in afters:
            if rng.random() < 0.3:
                after |= rng.choice(PLAIN)
        changes = kore(*afters)
        quick, found = checked(Diff(changes), load_of(Kore(), CATALOGUE))
        slow, every = checked(Diff(changes), load_of(Every(), CATALOGUE))
        assert doubtful(Every(), changes, CATALOGUE) is None
        assert list(map(repr, found)) == list(map(repr, every))
        pd.testing.assert_frame_equal(quick.frame(), slow.frame())
        pd.testing.assert_index_equal(quick.ids, slow.ids)


# Reload


@pytest.mark.parametrize(
    ("versions", "doubts"),
    [
        (np.array([1, 2, 3]), []),
        (pd.array([1, None, 3], dtype="Int64"), ["t1"]),
        (pd.array([1, 2, 3], dtype="Int64"), []),
        (np.array([1.0, 2.5, np.nan]), ["t0", "t1", "t2"]),
        (objects([1, "2", True]), ["t0", "t1", "t2"]),
        (pd.array([True, False, True], dtype="boolean"), ["t0", "t1", "t2"]),
    ],
    ids=["int64", "Int64 with null", "Int64", "float64", "object", "boolean"],
)
def test_reload_passes_the_tasks_with_a_version(versions: Any, doubts: list[str]) -> None:
    """Where versions are no integers each of them is looked at."""
    changes = reload(versions)
    assert told(Reload(), changes, EMPTY) == doubts
    assert named(Reload(), changes, EMPTY) <= set(doubts)


def test_reload_passes_nothing_without_versions() -> None:
    changes = reload(np.array([1, 2]))
    changes = Changes(changes.base.drop(columns="version"), changes.columns)
    assert told(Reload(), changes, EMPTY) == ["t0", "t1"]
    left, problems = checked(Diff(changes), load_of(Reload(), EMPTY))
    assert (len(left), [p.id for p in problems]) == (0, ["t0", "t1"])


# Pragmatiks


def test_pragmatiks_passes_everything() -> None:
    """As its `check` never finds anything."""
    base = {"title": "a", "status": "backlog", "priority": 1}
    edits = [Edit("t0", base, {"title": "b"}), Edit("t1", base, {"status": "done", "priority": 5})]
    changes = Changes.of(edits, Pragmatiks().schema(EMPTY))
    assert told(Pragmatiks(), changes, EMPTY) == []
    assert named(Pragmatiks(), changes, EMPTY) == set()


# any service


def test_without_edits_no_task_is_in_doubt() -> None:
    for service in (Reload(), Kore(), Pragmatiks()):
        changes = Changes.of([], service.schema(EMPTY))
        assert told(service, changes, EMPTY) == []
        assert checked(Diff(changes), load_of(service, EMPTY)) == (changes, ())


def test_of_what_a_check_of_a_subclass_finds_the_inherited_one_knows_nothing() -> None:
    """Then each task is looked at; a `doubtful` that comes with the check counts."""

    class Strict(Reload):
        def check(self, edit: Edit, catalogue: Catalogue) -> Sequence[Problem]:
            return [Problem("service", edit.id, "title", "b", "no")]

    class Stricter(Strict):
        def doubtful(self, changes: Changes, catalogue: Catalogue) -> np.ndarray:
            return np.asarray(changes.ids == "t1")

    class Like(Stricter):
        """Has neither anew."""

    changes = reload(np.array([1, 2, 3]))
    assert doubtful(Strict(), changes, EMPTY) is None
    assert told(Stricter(), changes, EMPTY) == told(Like(), changes, EMPTY) == ["t1"]
