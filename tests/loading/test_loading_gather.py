"""Pages that become columns as they come: the same frame as from all tasks at once, and times exact or refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskframe as tf
from taskframe import arrays
from taskframe.catalogue import EMPTY, Catalogue
from taskframe.engine.garbage import full_collections_postponed
from taskframe.errors import ProtocolError
from taskframe.schema import Column
from taskframe.services.base import Call, Columns, Reply, Service, gatherer
from taskframe.services.kore import Kore
from taskframe.services.kore.wire import list_tasks
from taskframe.services.pragmatiks import Pragmatiks
from taskframe.services.reload import Reload

RELOAD = Call("GET", "/v1/agent/list-tasks")
KORE = list_tasks({}, 0, 50)
NOW = "2026-01-31T09:00:00.000Z"


def judged(service: Service, call: Call, body: Any) -> list[Any]:
    found: list[Any] = service.judge(call, Reply(200, {}, msgspec.json.encode(body))).data.tasks
    return found


def both_ways(service: Service, pages: Sequence[Sequence[Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frame of all tasks at once, and that of the pages one by one."""
    gathered = gatherer(service, EMPTY)
    for page in pages:
        gathered.add(page)
    frames = []
    for columns, catalogue in (service.columns([t for p in pages for t in p]), gathered.columns()):
        frames.append(service.schema(catalogue).frame(columns[service.index], columns))
    assert service.columns([t for p in pages for t in p])[1] == catalogue
    return frames[0], frames[1]


def reload_task(number: int, **cells: Any) -> dict[str, Any]:
    blank = {column.name: None for column in Reload().schema(EMPTY)}
    given = {"id": f"t{number}", "identifier": f"T-{number}", "workspaceId": "w", "title": "a", "status": "todo"}
    return blank | given | {"priority": "low", "version": 1, "createdAt": NOW, "updatedAt": NOW} | cells


def test_pages_of_reload_give_the_frame_of_all() -> None:
    """Absent keys, nulls, unknown choices, versions of 2^53 + 1, times of every width, no order to begin with."""
    odd = [
        {"status": "waiting"}, {"version": 2**53 + 1}, {"version": 3.0}, {"dueAt": "2026-01-31T09:00:00Z"},
        {"dueAt": "2026-01-31T09:00:00.123456Z"}, {"dueAt": "2026-01-31T09:00:00.5+02:00"}, {"dueAt": NOW},
        {"createdAt": "2027-01-01T00:00:00.000Z"}, {"description": ""}, {"title": "東京 🙂 \u00e9"}, {"channelId": "c"},
    ]  # fmt: skip
    tasks = [reload_task(n, **cells) for n, cells in enumerate(odd * 250)]
    del tasks[7]["dueAt"], tasks[900]["status"]
    service = Reload()
    pages = [judged(service, RELOAD, {"data": tasks[at : at + 100]}) for at in range(0, len(tasks), 100)]
    whole, gathered = both_ways(service, pages)
    pd.testing.assert_frame_equal(whole, gathered)
    assert gathered["version"].max() == 2**53 + 1
    assert gathered.loc["t7", "dueAt"] is pd.NaT


@pytest.mark.parametrize("size", [100, 999, 1_000, 3_000])
def test_tasks_of_one_moment_go_by_their_ids(size: int) -> None:
    """Wherever pages are cut, in whatever order they come; those that do not say when they were made are the last."""
    made = [None, NOW, "2026-01-31T09:00:00.001Z", "2026-01-31T09:00:00Z"]
    tasks = [
        reload_task(n, createdAt=made[n % 4] if n % 3 else f"2026-01-{1 + n % 9:02}{NOW[10:]}") for n in range(3_000)
    ]
    service = Reload()
    for each in (tasks, tasks[::-1], sorted(tasks, key=lambda t: t["createdAt"] or "", reverse=True)):
        pages = [judged(service, RELOAD, {"data": each[at : at + size]}) for at in range(0, len(each), size)]
        _, gathered = both_ways(service, pages)
        moments = pd.to_datetime(gathered["createdAt"]).fillna(pd.Timestamp(0, tz="UTC"))
        keys = list(zip(moments, gathered.index, strict=True))
        assert keys == sorted(keys, reverse=True)


def test_pages_of_kore_give_the_frame_of_all() -> None:
    """Names twice, fields that some tasks lack, values of several kinds, integers past 2^53, times as numbers, text."""

    def field(name: str, number: int, **more: Any) -> dict[str, Any]:
        meta = {"type": "input", "options": ["a", "b"], "deep": {"er": [1, {"x": []}]}}
        return {"_id": f"fd-{number}", "displayName": name, "dataType": "input", "metaData": meta, **more}

    kinds: list[Any] = ["text", 3, 2.5, True, None, "", ["a", ["b"]], 2**53 + 1, 2**70, {"a": 1}, NOW]
    tasks = []
    for n in range(400):
        own = [field("Effort", 1, value=kinds[n % len(kinds)]), field("Same", 2, selectedValue="x")]
        own += [field("Same", 3, value=f"only {n}")] * (n % 3 == 0) + [field("Late", 4, value="y")] * (n > 300)
        status = {"_id": f"sts-{n % 3}", "name": f"S{n % 3}", **({"desc": "full"} if n % 5 else {})}
        times = {
            "ETA": "" if n % 2 else NOW,
            "createdAt": NOW if n % 7 else None,
            "updatedAt": NOW,
            "dueDate": n * 10**9,
        }
        times["timestampValue"] = 1_700_000_000_000 if n % 50 > 3 else "2026-01-31T09:00:00+02:00" if n > 350 else None
        nobody = {"currAssignee": {}, "assigneeType": "unassigned"}
        whose = {"currAssignee": {"_id": f"u-{n % 4}", "name": "A"}, "assigneeType": "agents"} if n % 4 else nobody
        task = {"_id": f"ti-{n}", "name": f"n {n}", "fields": own, "status": status, "tags": ["a"] * (n % 2)}
        tasks.append(task | times | whose)
    service = Kore()
    pages = [judged(service, KORE, {"results": tasks[at : at + 50]}) for at in range(0, len(tasks), 50)]
    whole, gathered = both_ways(service, pages)
    pd.testing.assert_frame_equal(whole, gathered)


def test_cells_of_tasks_that_repeat_their_fields_are_their_own() -> None:
    """Whoever edits a list inside a cell changes that cell alone."""
    definition = {"_id": "fd-1", "displayName": "Labels", "dataType": "tags", "metaData": {"o": ["a"]}, "value": ["x"]}
    service = Kore()
    tasks = judged(service, KORE, {"results": [{"_id": f"t{n}", "fields": [definition]} for n in range(3)]})
    _, gathered = both_ways(service, [tasks])
    gathered["fields"].iloc[0][0]["metaData"]["o"].append("b")
    gathered["fields"].iloc[0][0]["value"].append("y")
    assert gathered["fields.Labels"].tolist() == [["x"]] * 3
    assert gathered["fields"].tolist()[1:] == [[definition]] * 2
    later = judged(service, KORE, {"results": [{"_id": "t9", "fields": [definition]}]})
    assert later[0].fields == [definition]


def test_an_empty_list_gathers_to_every_column() -> None:
    for service in (Reload(), Kore(), Pragmatiks()):
        columns, catalogue = gatherer(service, EMPTY).columns()
        frame = service.schema(catalogue).frame(columns[service.index], columns)
        assert [frame[c.name].dtype for c in service.schema(catalogue)] == [c.dtype for c in service.schema(catalogue)]


@pytest.mark.parametrize("value", ["now", "", "2026-04-31T00:00:00.000Z", "2026-01-01", "0000-01-01T00:00:00.000Z"])
def test_a_time_that_is_none_is_named_with_its_task(value: str) -> None:
    gathered = gatherer(Reload(), EMPTY)
    gathered.add(judged(Reload(), RELOAD, {"data": [reload_task(3, dueAt=value)]}))
    with pytest.raises(ProtocolError, match="task t3: dueAt is no RFC 3339 timestamp"):
        gathered.columns()


def test_a_subclass_with_columns_of_its_own_is_asked_for_them() -> None:
    """An inherited `gather` knows nothing of them."""

    class Loud(Reload):
        def columns(self, tasks: Sequence[Any], known: Catalogue = EMPTY) -> tuple[Columns, Catalogue]:
            columns, catalogue = super().columns(tasks, known)
            return {**columns, "title": [title.upper() for title in columns["title"]]}, catalogue

    gathered = gatherer(Loud(), EMPTY)
    gathered.add(judged(Reload(), RELOAD, {"data": [reload_task(1)]}))
    assert list(gathered.columns()[0]["title"]) == ["A"]


_DIGITS = st.integers(0, 6)


def _written(moment: datetime, digits: int) -> str:
    text = moment.isoformat(timespec="microseconds")
    return (text[: 20 + digits] if digits else text[:19]) + "Z"


@given(st.lists(st.none() | st.tuples(st.datetimes(), _DIGITS) | st.sampled_from(["x", "", NOW + "\n" + NOW, "\n"])))
def test_times_in_bulk_are_what_pandas_reads_or_nothing(cells: list[Any]) -> None:
    """To the microsecond; of what is not written as services do it, all is left to the slow way."""
    texts = [_written(*cell) if isinstance(cell, tuple) else cell for cell in cells]
    found = arrays.wire_times(texts)
    if any(isinstance(c, str) for c in cells):
        assert found is None
    elif found is not None:
        expected = pd.to_datetime(pd.Series(texts, dtype="object"), utc=True, format="ISO8601").dt.tz_localize(None)
        assert np.array_equal(found, expected.to_numpy("datetime64[us]"), equal_nan=True)


def test_texts_cut_elsewhere_than_between_times_are_no_times() -> None:
    """Together they look like two, and neither is one."""
    block = f"{NOW}\n{NOW}"
    for cut in (1, 10, 24, 25, 26, 40):
        assert arrays.wire_times([block[:cut], block[cut:]]) is None


def test_texts_in_pieces_are_texts_at_once() -> None:
    """Repeated, null, empty and long ones."""
    values: list[str | None] = ["a", None, "", "b" * 200, "東京"] * 700 + [str(n) for n in range(2_000)]
    pieces = arrays.Texts()
    for at in range(0, len(values), 333):
        pieces.add(values[at : at + 333])
    pd.testing.assert_extension_array_equal(pieces.array(), pd.array(values, dtype=Column("x", "text").dtype))


def test_thresholds_of_the_collector_come_back() -> None:
    """However loads overlap; and what somebody sets meanwhile stays."""
    import gc

    before = gc.get_threshold()
    with full_collections_postponed(), full_collections_postponed():
        assert gc.get_threshold()[2] > before[2]
    assert gc.get_threshold() == before
    with full_collections_postponed():
        gc.set_threshold(*before[:2], before[2] + 1)
    assert gc.get_threshold()[2] == before[2] + 1
    gc.set_threshold(*before)


def test_a_load_in_pages_is_what_the_server_holds() -> None:
    """All three services, through a real server."""
    with tf.sandbox(tasks=230, seed=3) as box:
        for name in ("reload", "kore", "pragmatiks"):
            with box.connect(name, progress=False) as conn:
                held = [task[conn.service.index] for task in box[name].tasks()]
                assert sorted(conn.load().df.index) == sorted(held)
