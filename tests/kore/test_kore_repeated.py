"""What tasks repeat is read once: and each task is still what it would be alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskframe.catalogue import EMPTY
from taskframe.errors import ProtocolError
from taskframe.services.base import Reply
from taskframe.services.kore import Kore
from taskframe.services.kore.columns import PARTS
from taskframe.services.kore.tasks import Task
from taskframe.services.kore.wire import list_tasks

CALL = list_tasks({}, 0, 50)
NAMES = ("Open", "Closed", None, "", 3, ["x"])


def listed(tasks: list[dict[str, Any]]) -> list[Any]:
    found: list[Any] = Kore().judge(CALL, Reply(200, {}, msgspec.json.encode({"results": tasks}))).data.tasks
    return found


def things() -> st.SearchStrategy[Any]:
    """A status, a priority, somebody: of few kinds, so that they come again; often not quite as they should be."""
    odd = {"score": st.sampled_from([1, 2.5, True, "9"]), "desc": st.just({"deep": [{"er": []}]})}
    whole = {"_id": st.sampled_from(["a", "b", "", 7]), "name": st.sampled_from(NAMES)}
    return st.none() | st.fixed_dictionaries({}, optional={**whole, **odd, "agentId": st.just("c")})


def own_fields() -> st.SearchStrategy[Any]:
    names = {"displayName": st.sampled_from(["Effort", "Late", "", 4]), "_id": st.sampled_from(["fd-1", "fd-2"])}
    values = st.sampled_from([1, 2.5, "x", "", None, ["a", ["b"]], {"k": [1]}])
    meta = st.sampled_from([None, {}, {"options": ["a", "b"]}, {"options": ["c"], "readOnly": True}])
    kinds = st.sampled_from(["input", "number", "tags"])
    one = st.fixed_dictionaries(names, optional={"value": values, "metaData": meta, "dataType": kinds})
    return st.none() | st.lists(one | st.sampled_from(["odd", None, 5]), max_size=3)


def tasks() -> st.SearchStrategy[list[dict[str, Any]]]:
    parts = dict.fromkeys(PARTS, things())
    when = st.sampled_from(["2026-01-31T09:00:00.000Z", "2026-02-01T09:00:00.000Z", None])
    rest = {"fields": own_fields(), "updatedAt": when, "assigneeType": st.sampled_from(["agents", "groups", None])}
    cells = st.lists(st.fixed_dictionaries({}, optional={**parts, **rest}), max_size=8)
    return cells.map(lambda found: [{"_id": f"t{n}", **task} for n, task in enumerate(found)])


@settings(deadline=None)
@given(tasks())
def test_each_task_is_what_it_would_be_alone(sent: list[dict[str, Any]]) -> None:
    for task, alone in zip(listed(sent), sent, strict=True):
        expected = msgspec.json.decode(msgspec.json.encode(alone), type=Task)
        assert {n: getattr(task, n) for n in Task.__struct_fields__} == msgspec.structs.asdict(expected)


@settings(deadline=None)
@given(tasks(), st.integers(1, 3))
def test_what_is_gathered_is_what_all_tasks_tell_at_once(sent: list[dict[str, Any]], size: int) -> None:
    """Values, names and their order, choices, who is of which kind: however the pages were cut."""
    service = Kore()
    gathered = service.gather(EMPTY)
    for at in range(0, len(sent), size):
        gathered.add(listed(sent[at : at + size]))
    columns, catalogue = gathered.columns()
    whole, known = service.columns(listed(sent))
    assert catalogue == known
    assert {c: list(names) for c, names in catalogue.entries.items()} == {
        c: list(names) for c, names in known.entries.items()
    }
    schema = service.schema(known)
    pd.testing.assert_frame_equal(
        schema.frame(columns[service.index], columns), schema.frame(whole[service.index], whole)
    )


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("value", ["text", 3, [1], True])
def test_what_is_no_object_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(ProtocolError, match=rf"makes no sense: Expected `object \| null`, got .* - at .*{name}"):
        listed([{"_id": "t1", name: {"_id": "a"}}, {"_id": "t2", name: value}])


def test_whoever_edits_an_object_inside_a_cell_changes_that_cell_alone() -> None:
    """No other task's, none of a later load, and nothing that a name stands for."""
    sent = [{"_id": f"t{n}", **{name: {"_id": "a", "name": "A", "deep": {"er": [1]}} for name in PARTS}} for n in "ab"]
    gathered = Kore().gather(EMPTY)
    gathered.add(listed(sent))
    columns, catalogue = gathered.columns()
    for name in ("userInfo", "createdBy", "updatedBy"):
        first, second = columns[name]
        first["deep"]["er"].append(2)
        first["name"] = "B"
        assert second == {"_id": "a", "name": "A", "deep": {"er": [1]}}
    catalogue.entries["status.name"]["A"]["deep"]["er"].append(3)
    for task in listed(sent):
        assert all(getattr(task, name) == {"_id": "a", "name": "A", "deep": {"er": [1]}} for name in PARTS)
