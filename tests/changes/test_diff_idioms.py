"""Whatever pandas can do to a frame: no edit is missed, none is made up, and untouched columns cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kinds import ROWS, SCHEMA, agree, cells, compared, frame, is_untouched, put_on

from taskframe.changes import diff as diff_module
from taskframe.changes.baseline import Baseline
from taskframe.changes.memory import shares_memory
from taskframe.changes.normal import normal_values
from taskframe.errors import PlanError

Idiom = Callable[[pd.DataFrame], pd.DataFrame | None]


def _loc(df: pd.DataFrame) -> None:
    df.loc[df["assignee"] == "u_1", "assignee"] = "u_9"


def _loc_enlarging_categories(df: pd.DataFrame) -> None:
    df["status"] = df["status"].cat.add_categories(["later"])
    df.loc["t0", "status"] = "doing"


def _query(df: pd.DataFrame) -> None:
    df.loc[df.query("points > 2 and status == 'todo'").index, ["status", "points"]] = ["done", 5]


def _update(df: pd.DataFrame) -> None:
    df.update(pd.DataFrame({"title": ["a", "b"], "size": [1.0, 2.0]}, index=["t4", "t1"]))


def _insert(df: pd.DataFrame) -> None:
    title = df.pop("title")
    df.insert(3, "title", title.str.upper())


def _eval(df: pd.DataFrame) -> None:
    df["size"] = df.eval("size * 2")


def _loop(df: pd.DataFrame) -> None:
    for task, row in df.iterrows():
        if row["status"] == "todo":
            df.at[task, "title"] = row["title"] + "!"


def _where(df: pd.DataFrame) -> pd.DataFrame:
    return df.assign(assignee=df["assignee"].where(df["assignee"] != "u_1", "u_9"))


def _merge_on_index(df: pd.DataFrame) -> pd.DataFrame:
    owners = pd.DataFrame({"assignee": ["u_1", "u_2"], "new": ["u_9", "u_8"]})
    merged = df.reset_index().merge(owners, on="assignee", how="left").set_index("id")
    return merged.assign(assignee=merged["new"].fillna(merged["assignee"])).drop(columns="new")


def _explode(df: pd.DataFrame) -> pd.DataFrame:
    long = df["labels"].explode()
    long = long[long != "b"]
    return df.assign(labels=long.groupby(level=0).agg(list).reindex(df.index))


def _pivot_back(df: pd.DataFrame) -> pd.DataFrame:
    long = df[["title", "note"]].melt(ignore_index=False, var_name="field")
    long["value"] = long["value"].str.upper()
    return long.set_index("field", append=True)["value"].unstack("field")


IDIOMS: dict[str, Idiom] = {
    "loc with a mask": _loc,
    "loc with a list": lambda df: df.loc.__setitem__((["t0", "t4"], "title"), ["a", "b"]),
    "loc of several columns": lambda df: df.loc.__setitem__(("t1", ["title", "points", "urgent"]), ["a", 7, True]),
    "loc of a whole row": lambda df: df.loc.__setitem__("t1", df.loc["t0"].drop("version")),
    "loc after add_categories": _loc_enlarging_categories,
    "at": lambda df: df.at.__setitem__(("t2", "status"), "todo"),
    "at a list": lambda df: df.at.__setitem__(("t2", "labels"), ["x", "y"]),
    "iloc": lambda df: df.iloc.__setitem__((slice(1, 3), 0), "new"),
    "iat": lambda df: df.iat.__setitem__((0, 4), 42),
    "a column": lambda df: df.__setitem__("size", 7.5),
    "a column of nothing": lambda df: df.__setitem__("dueAt", None),
    "a column of mixed things": lambda df: df.__setitem__("points", [1, "2", 3.0, None, np.int8(5)]),
    "a column by attribute": lambda df: setattr(df, "urgent", True),
    "assign": lambda df: df.assign(title=df["title"] + "!", points=df["points"] // 2),
    "where": _where,
    "mask": lambda df: df.drop(columns=["title", "version"]).mask(df["size"] == 3, None),
    "map": lambda df: df.assign(status=df["status"].map({"todo": "doing", "doing": "done", "done": "done"})),
    "replace a value": lambda df: df.replace({"assignee": {"u_1": "u_9", "u_2": "u_8"}}),
    "replace by a pattern": lambda df: df.assign(title=df["title"].str.replace(r"^Fix (the )?", "Mend ", regex=True)),
    "str methods": lambda df: df.assign(title=df["title"].str.strip().str.upper().str.slice(0, 9)),
    "fillna of a column": lambda df: df.assign(size=df["size"].fillna(0), assignee=df["assignee"].fillna("u_0")),
    "fillna by column": lambda df: df.fillna({"points": 1, "status": "todo", "urgent": False}),
    "ffill": lambda df: df.assign(dueAt=df["dueAt"].ffill(), status=df["status"].ffill()),
    "interpolate": lambda df: df.assign(size=df["size"].interpolate()),
    "clip and round": lambda df: df.assign(size=df["size"].clip(lower=1).round()),
    "update": _update,
    "combine_first": lambda df: df[["title"]].assign(title=None).combine_first(df[["title", "size"]].assign(size=2.0)),
    "insert and pop": _insert,
    "eval": _eval,
    "iterrows": _loop,
    "apply by row": lambda df: df.assign(title=df.apply(lambda row: f"{row['title'][:9]} ({row['status']})", axis=1)),
    "apply by column": lambda df: df[["size", "points"]].apply(lambda column: column.fillna(0) + 1),
    "map of every cell": lambda df: df[["title", "note"]].map(lambda v: v[::-1], na_action="ignore"),
    "transform by group": lambda df: df.assign(size=df.groupby("assignee", dropna=False)["size"].transform("max")),
    "rank by group": lambda df: df.assign(points=df.groupby("assignee", dropna=False).cumcount()),
    "merge": _merge_on_index,
    "join": lambda df: df.drop(columns="title").join(pd.Series(["new"] * 5, index=df.index[::-1], name="title")),
    "concat of edited parts": lambda df: pd.concat([df.iloc[3:].assign(urgent=False), df.iloc[:3].assign(urgent=True)]),
    "sort, then edit": lambda df: df.sort_values("title").assign(title=[f"no. {n}" for n in range(5)]),
    "filter, then edit": lambda df: df[df["points"] > 0].assign(status="done"),
    "sample, then edit": lambda df: df.sample(3, random_state=4).assign(note="seen"),
    "drop_duplicates": lambda df: df.drop_duplicates("title").assign(note="first"),
    "set_index and reset_index": lambda df: df.reset_index().set_index("title").assign(note="x").reset_index(),
    "explode and back": _explode,
    "melt and back": _pivot_back,
    "shift": lambda df: df.assign(title=df["title"].shift(fill_value="first"), dueAt=df["dueAt"].shift()),
    "times moved": lambda df: df.assign(dueAt=df["dueAt"].where(df["dueAt"].dt.year == 2026) + pd.Timedelta(days=7)),
    "times in words": lambda df: df.assign(dueAt=["2026-02-01T00:00:00+01:00"] * 5),
    "times floored": lambda df: df.assign(dueAt=df["dueAt"].dt.floor("D")),
    "cut": lambda df: df.assign(level=pd.cut(df["size"].fillna(1), [-1, 1, 2, 9], labels=[1, 2, 3])),
    "np.where": lambda df: df.assign(title=np.where(df["urgent"].fillna(False), "done", df["title"])),
    "np.select": lambda df: df.assign(level=np.select([df["size"] > 1, df["size"] > 0], [3, 2], default=1)),
    "case_when": lambda df: df.assign(title=df["title"].case_when([(df["status"] == "todo", "to be done")])),
    "astype and edit": lambda df: df.astype({"status": "object"}).replace({"status": {"todo": "done"}}),
    "sort, ignoring the index": lambda df: df.reset_index().sort_values("size", ignore_index=True).assign(note="x"),
    "stack and unstack": lambda df: df[["size"]].stack(future_stack=True).mul(2).unstack(),
    "lists by apply": lambda df: df.assign(labels=df["labels"].map(lambda v: [*(v or []), "new"])),
    "objects by apply": lambda df: df.assign(meta=df["meta"].map(lambda v: {**(v or {}), "new": 1})),
    "clearing": lambda df: df.assign(**{c.name: None for c in SCHEMA.editable if c.clearable}),
    "columns that change places": lambda df: df.rename(columns={"title": "note", "note": "title"}).iloc[[0, 3]],
    "reindex": lambda df: df.reindex(["t4", "t0"]).reindex(columns=["title", "mine"]).assign(title="x"),
    "pipe": lambda df: df.pipe(lambda d: d.assign(note=d["title"].str.len().astype("str"))),
    "mul in place": lambda df: df.__setitem__("size", df["size"].mul(10)),
    "convert, then edit": lambda df: df.convert_dtypes().assign(title="x"),
    "iloc of several columns": lambda df: df.iloc.__setitem__((slice(0, 2), [0, 5]), [["a", 1.0], ["b", 2.0]]),
    "loc with a Series, matched by id": lambda df: df.loc.__setitem__((["t0", "t4"], "title"), df["title"].str.upper()),
    "loc with an array, by position": lambda df: df.loc.__setitem__(
        (["t0", "t4"], "title"), df["title"].to_numpy()[:2]
    ),
    "loc of columns that change names": lambda df: df.loc.__setitem__(
        (["t0", "t4"], ["title", "note"]), df[["note", "title"]]
    ),
    "loc with a query's mask": lambda df: df.loc.__setitem__((df.eval("points > 2"), "title"), "many points"),
    "loc with a mask of pd.NA": lambda df: df.loc.__setitem__((df["urgent"], "title"), "urgent"),
    "loc with a mask of text": lambda df: df.loc.__setitem__((df["note"].str.contains("N"), "title"), "N"),
    "rows that were found": lambda df: df[df["title"].duplicated(keep=False)].assign(note="twice"),
    "nlargest": lambda df: df.nlargest(2, "size").assign(level=3),
    "rank": lambda df: df[df["size"].rank() <= 2].assign(urgent=True),
    "where of a category": lambda df: df.assign(level=df["level"].where(df["level"] >= 2, 2)),
    "mask of a category": lambda df: df.assign(status=df["status"].mask(df["status"] == "todo", "doing")),
    "clip of a category": lambda df: df.assign(level=df["level"].astype("Int64").clip(lower=2)),
    "map with what is left": lambda df: df.assign(status=df["status"].map({"todo": "doing"}).fillna(df["status"])),
    "map with a partial mapping": lambda df: df.assign(assignee=df["assignee"].map({"u_1": "u_9"})),
    "map to text": lambda df: df.assign(note=df["note"].map(str)),
    "replace in words": lambda df: df.assign(title=df["title"].replace(r"é$", "e", regex=True)),
    "replace by a mapping of itself": lambda df: df.assign(
        assignee=df["assignee"].replace({"u_1": "u_2", "u_2": "u_1"})
    ),
    "bfill": lambda df: df.assign(assignee=df["assignee"].bfill(), urgent=df["urgent"].bfill()),
    "update with nulls": lambda df: df.update(pd.DataFrame({"title": [None, "b"]}, index=["t4", "t1"])),
    "update of nobody": lambda df: df.update(pd.DataFrame({"title": ["b"]}, index=["t9"])),
    "a column matched by id": lambda df: df.assign(note=pd.Series("x", index=["t3", "t1"])),
    "a column sorted, matched by id": lambda df: df.assign(title=df["title"].sort_values()),
    "a column sorted, by position": lambda df: df.assign(title=df["title"].sort_values().to_numpy()),
    "merge, inner": lambda df: df.drop(columns="title").reset_index().merge(
        pd.DataFrame({"assignee": ["u_2"], "title": ["of u_2"]})
    ),
    "merge on the index": lambda df: df.merge(
        pd.DataFrame({"team": "x"}, index=df.index[:2]), on="id").assign(note="x"
    ),
    "join, inner": lambda df: df[["size"]].mul(2).join(pd.Series("new", ["t1", "t3"], name="title"), how="inner"),
    "concat of columns": lambda df: pd.concat([df["title"].str.upper(), df["size"] + 1, df["version"]], axis=1),
    "concat with keys": lambda df: pd.concat({"a": df.head(2).assign(note="a"), "b": df.tail(3).assign(note="b")}),
    "groupby and apply": lambda df: df.groupby("assignee").apply(lambda part: part.head(1).assign(urgent=True)),
    "first of each group": lambda df: df.groupby("assignee").head(1).assign(urgent=True),
    "cumcount in words": lambda df: df.assign(title=df["title"].where(~df["title"].duplicated(), df["title"] + " 2")),
    "explode into words and back": lambda df: df.assign(
        title=df["title"].str.split().explode().str.capitalize().groupby("id").agg(" ".join)
    ),
    "qcut": lambda df: df.assign(level=pd.qcut(df["size"].fillna(1).rank(method="first"), 3, labels=[1, 2, 3])),
    "to_datetime": lambda df: df.assign(dueAt=pd.to_datetime(["2026-02-01"] * 5, utc=True)),
    "times as text and back": lambda df: df.assign(dueAt=pd.to_datetime(df["dueAt"].astype("str"), format="ISO8601")),
    "times in another zone": lambda df: df.assign(dueAt=df["dueAt"].dt.tz_convert("Asia/Tokyo")),
    "eval of an assignment": lambda df: df.eval("size = size + 1"),
    "itertuples": lambda df: df.__setitem__("title", [f"{t.Index}: {t.title}"[:40] for t in df.itertuples()]),
    "insert of a new title": lambda df: df.insert(0, "title", df.pop("title").str.upper()),
    "pop": lambda df: df.assign(note="x").pop("note").to_frame(),
    "drop of rows and columns": lambda df: df.drop(index="t2", columns="note").assign(urgent=False),
    "del": lambda df: df.__delitem__("note"),
    "set_index beside the ids": lambda df: df.set_index("assignee", append=True).assign(note="x"),
    "transposed twice": lambda df: df[["title", "size", "points"]].T.T.assign(title="x"),
    "astype category": lambda df: df.astype({"title": "category", "note": "category"}).assign(urgent=True),
    "categories renamed": lambda df: df.assign(
        status=df["status"].cat.rename_categories({"todo": "done", "done": "todo"})
    ),
    "a category removed": lambda df: df.assign(status=df["status"].cat.remove_categories("todo")),
    "astype string and int": lambda df: df.astype({"status": "string", "level": "Int64", "points": "object"}),
    "astype of numbers to text": lambda df: df.assign(
        points=df["points"].astype("string"), size=df["size"].astype("str")
    ),
    "booleans as numbers": lambda df: df.assign(urgent=(~df["urgent"]).astype("Int64")),
    "fillna in place": lambda df: df.fillna({"note": "none"}, inplace=True),
    "chained, on a copy": lambda df: df[df["size"] > 1].copy().__setitem__("title", "lost"),
    "a column taken out": lambda df: df["title"].copy().__setitem__("t0", "lost"),
    "a Series of lists": lambda df: df.loc.__setitem__(
        (df.index[:2], "labels"), pd.Series([["x"], ["y", "z"]], index=df.index[:2])
    ),
    "a deep copy with the same lists": lambda df: df.copy(
        ).assign(labels=[["a", "b"], [], ["new"], ["b", "a", "b"], None]
    ),
    "lists as tuples and arrays": lambda df: df.assign(steps=df["steps"].map(tuple, na_action="ignore")),
}  # fmt: skip


@pytest.mark.parametrize("idiom", IDIOMS.values(), ids=IDIOMS.keys())
def test_the_diff_finds_what_is_in_the_frame(idiom: Idiom) -> None:
    """Put the changes on the baseline: now every cell that `edited` shows is in it, and no other has moved."""
    df = frame()
    baseline = Baseline.of(df, SCHEMA)
    result = idiom(df)
    edited = df if result is None else result
    found = compared(edited, baseline)
    assert found.problems == ()
    table = edited.set_index("id") if "id" in edited else edited.set_axis(edited.index.get_level_values("id"))
    names = [c for c in table.columns if c in SCHEMA and SCHEMA[c].editable]
    wanted = {name: dict(zip(IDS, ROWS[name], strict=True)) for name in SCHEMA.names}
    for name in names:
        plain = table[name].astype("object")
        wanted[name] |= {i: None if _null(v) else v for i, v in zip(table.index, plain, strict=True)}
    now = put_on(frame(), found)
    assert agree(now, {name: list(column.values()) for name, column in wanted.items()})
    assert compared(edited, Baseline.of(SCHEMA.frame(IDS, now), SCHEMA)).changes.columns == {}


IDS = list(frame().index)


def _null(value: Any) -> bool:
    return not isinstance(value, list | dict | tuple) and bool(pd.isna(value))


def test_untouched_columns_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The diff costs what was edited: columns that still share their memory with the baseline are skipped."""
    df = frame()
    baseline = Baseline.of(df, SCHEMA)
    df.loc["t1", "title"] = "new"
    df["status"] = df["status"].replace("todo", "done")
    compare = diff_module.Cells.compare
    asked: list[str] = []
    monkeypatch.setattr(diff_module.Cells, "compare", lambda *args: asked.append(args[-1].name) or compare(*args))
    for shape in (df, df.reset_index(), df[df.columns[::-1]], df.assign(mine=1), df.rename(columns={"note": "notes"})):
        asked.clear()
        compared(shape, baseline)
        # lists and objects always, numbers beside a null too
        assert set(asked) - {"labels", "steps", "meta", "points", "urgent"} == {"title", "status"}


def test_lists_that_are_changed_in_their_cell_are_found() -> None:
    """The cell still holds the very same object; the baseline has its text."""
    df = frame()
    baseline = Baseline.of(df, SCHEMA)
    df.at["t0", "labels"].append("c")
    df.at["t3", "steps"][0]["k"][1] = 7
    df.at["t0", "meta"]["b"].clear()
    df.at["t1", "meta"]["new"] = None
    after = {
        ("t0", "labels"): ["a", "b", "c"],
        ("t3", "steps"): [{"k": [1, 7]}],
        ("t0", "meta"): {"a": 1, "b": []},
        ("t1", "meta"): {"new": None},
    }
    found = compared(df, baseline)
    assert cells(found) == after
    assert list(found.changes.frame()["before"][:2]) == [["a", "b"], {"a": 1, "b": [True]}]
    assert cells(compared(df.sample(frac=1, random_state=1), baseline)) == after


def test_what_a_change_holds_is_not_the_frames_own() -> None:
    """A list that is edited after planning is not edited in the plan."""
    df = frame()
    baseline = Baseline.of(df, SCHEMA)
    df.at["t0", "labels"].append("c")
    found = compared(df, baseline)
    df.at["t0", "labels"].append("d")
    assert cells(found) == {("t0", "labels"): ["a", "b", "c"]}


@pytest.mark.parametrize("name", ["title", "status", "level", "points", "size", "urgent", "dueAt", "assignee"])
def test_writing_through_array_is_found_or_refused(name: str) -> None:
    """It goes past copy-on-write into the baseline; what can't be told any more is not called "no edits"."""
    df = frame()
    baseline = Baseline.of(df, SCHEMA)
    value = df[name].iloc[1] if name != "dueAt" else pd.Timestamp("2030-01-01", tz="UTC")
    df[name].array[0] = value
    if baseline.frame[name].iloc[0] != df[name].iloc[0]:  # Arrow's memory is never written to
        assert cells(compared(df, baseline)) == {("t0", name): normal_values(df[name])[0]}
    else:
        with pytest.raises(PlanError, match=rf"{name}: written to through \.array.*load again"):
            compared(df, baseline)


def test_memory_is_shared_only_where_every_cell_is_the_same() -> None:
    """False means "don't know": it is never true for columns that differ."""
    df = frame()
    snapshot = df.copy(deep=False)
    for name in ("title", "status", "size", "dueAt", "version"):
        assert shares_memory(df[name], snapshot[name])
        assert not shares_memory(df[name].iloc[::-1], snapshot[name])
        assert not shares_memory(df[name].iloc[1:], snapshot[name].iloc[:-1])
        assert not shares_memory(df[name].astype("object"), snapshot[name])
    periods = pd.Series(pd.period_range("2020", periods=3))
    assert not shares_memory(periods, periods + 1)
    status = df["status"].array
    swapped = pd.Series(pd.Categorical.from_codes(status.codes, categories=["done", "doing", "todo"]))
    assert not shares_memory(df["status"], swapped)
    assert is_untouched(compared(df, snapshot))
