"""Any tasks of each service, any edits of them, and any dress that pandas can put on a column."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from kinds import SCHEMA, pyarrow

from taskframe.catalogue import Catalogue
from taskframe.changes.baseline import Baseline
from taskframe.changes.normal import is_null, same
from taskframe.schema import Column, Schema
from taskframe.services.base import Call, Reply
from taskframe.services.kore import Kore
from taskframe.services.pragmatiks import Pragmatiks
from taskframe.services.reload import Reload


class Text(str):
    """A text of somebody's own class."""

    __slots__ = ()


def field(name: str, kind: str, *value: Any, **more: Any) -> dict[str, Any]:
    """One of a Kore account's own fields, as a task holds it."""
    keys = dict.fromkeys(["selectedValue"] * len(value), *value)
    return {"_id": f"fd-{name}", "displayName": name, "dataType": kind, "metaData": {"type": kind}, **keys, **more}


OPEN = {"_id": "sts-1", "name": "Open", "statusCategory": "open"}
CLOSED = {"_id": "sts-2", "name": "Closed", "statusCategory": "closed"}
LOW, HIGH = {"_id": "pr-1", "name": "Low", "score": 5}, {"_id": "pr-2", "name": "High", "score": 20}
ADA, LIAM = {"_id": "u-1", "name": "Ada", "emailId": "ada@example.com"}, {"agentId": "u-2", "name": "Liam"}
KORE_TASKS: list[dict[str, Any]] = [
    {
        "_id": "ti-1", "caseId": "ci-1", "name": "Refund the order", "desc": "", "tags": ["a", "b"], "refId": "TS1",
        "userInfo": {"_id": "u-9", "name": "Zoë"}, "status": OPEN, "priority": LOW, "currAssignee": ADA,
        "assigneeType": "agent", "isActive": True, "timestampValue": 1748433938795, "dueDate": 1748491380000,
        "createdAt": "2025-05-28T12:05:38.807Z", "updatedAt": "2025-05-28T12:05:38.807Z", "ETA": "", "channel": ["rtm"],
        "fields": [
            field("Effort", "number", 3), field("Region", "dropdown", "North"), field("Sure", "checkbox", True),
            field("Starts", "datetime", "2026-01-01T00:00:00.000Z"), field("Day", "date", "2026-01-01"),
            field("Skills", "multiselect", ["x", "y"]), field("Odd", "number", "three"),
            field("Blob", "hologram", {"a": [1, None]}), field("Must", "input", "x", required=True),
            field("Fixed", "input", "f", metaData={"readOnly": True}), field("Big", "number", 2**53 + 1),
        ],
    },
    {
        "_id": "ti-2", "name": "Call back", "status": CLOSED, "priority": HIGH, "currAssignee": LIAM, "fields": [
            field("Effort", "number", 4.5), field("Odd", "number", 4), field("Sure", "checkbox", False),
            field("Region", "dropdown", ""), field("Blob", "hologram", True),
            field("Must", "input", "y", required=True),
        ],
    },
    {"_id": "ti-3", "name": "Nothing else is known", "currAssignee": {}, "fields": []},
]  # fmt: skip


def kore_columns(tasks: list[dict[str, Any]]) -> tuple[dict[str, list[Any]], Catalogue]:
    """What a load makes of these tasks."""
    body = {"results": tasks, "page": 1, "limit": 50, "hasMore": False, "totalPages": 1, "totalResults": len(tasks)}
    verdict = Kore().judge(Call("POST", "/getTasks"), Reply(200, {}, json.dumps(body).encode()))
    columns, catalogue = Kore().columns(verdict.data.tasks)
    return dict(columns), catalogue


_, KORE_CATALOGUE = kore_columns(KORE_TASKS)
KORE_SCHEMA = Kore().schema(KORE_CATALOGUE)
CATALOGUES = {"reload": Catalogue(), "pragmatiks": Catalogue(), "kore": KORE_CATALOGUE}
SCHEMAS: dict[str, Schema] = {
    "every kind": SCHEMA,
    "reload": Reload().schema(Catalogue()),
    "pragmatiks": Pragmatiks().schema(Catalogue()),
    "kore": KORE_SCHEMA,
}
SERVICES = tuple(CATALOGUES)

# Values, in normal form.

ODD_TEXTS = (
    " ", " a ", "a", "A", "007", "7", "1E+15", "NA", "N/A", "NaN", "nan", "null", "None", "<NA>", "true", "True", "0",
    "2026-01-01", "2026-01-01T00:00:00Z", "1234567890123456789012345678901234", "1234567890123456789012345678901235",
    "9007199254740993", "Caf\u00e9", "Cafe\u0301", "\U0001f469\u200d\U0001f680", "[]", '["a"]', "{}", '"x"', "=1+1",
    "'", "<clear>", "a\nb", "-0.0", "1.0", "u-1", "sts-2", "\u202e",
)  # fmt: skip
words = st.sampled_from(ODD_TEXTS) | st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.integers(-(2**60), 2**60) | words
moments = st.sampled_from(
    [
        datetime(1, 1, 2), datetime(9999, 12, 30, 23, 59, 59), datetime(1969, 12, 31, 23, 59, 59, 999000),
        datetime(1970, 1, 1), datetime(2026, 3, 29, 1, 30), datetime(2026, 10, 25, 0, 30),
        datetime(2026, 10, 25, 1, 30), datetime(2026, 1, 31),
    ]
)  # fmt: skip


def _times(column: Column) -> st.SearchStrategy[Any]:
    any_time = moments | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
    return any_time.map(lambda t: pd.Timestamp(t, tz=UTC).floor(column.unit).as_unit("us"))


def _texts(column: Column) -> st.SearchStrategy[Any]:
    if column.aliases:
        return st.sampled_from(sorted(set(column.aliases.values())))
    if column.people:
        return st.sampled_from(["u_1", "u_2", "U_1", "1"])
    known = words if column.min_length or column.blank_is_null else words | st.just("")
    return known.filter(lambda t: len(t) <= (column.max_length or 10**9))


def _numbers(column: Column) -> st.SearchStrategy[Any]:
    low = -1e6 if column.minimum is None else column.minimum
    whole = st.integers(int(low), 10**6).map(float)
    return whole | st.floats(low, 1e6).map(lambda v: v + 0.0) | st.sampled_from([0.1, 0.1 + 0.2, 0.3, 5e-324])


def full(column: Column, *, tame: bool = False) -> st.SearchStrategy[Any]:
    """Anything but null. `tame`: lists and objects of one form, which Arrow can hold."""
    match column.kind:
        case "text":
            return _texts(column)
        case "choice":
            return st.sampled_from(column.choices)
        case "integer":
            least = 0 if column.minimum is None else int(column.minimum)
            return st.integers(least, 2**63 - 1) | st.integers(least, 5) | st.sampled_from([2**53, 2**53 + 1])
        case "number":
            return _numbers(column)
        case "boolean":
            return st.booleans()
        case "timestamp":
            return _times(column)
        case "list":
            return st.lists(words if tame else scalars | st.dictionaries(words, scalars, max_size=2), max_size=3)
        case "object":
            if tame:
                return st.fixed_dictionaries({"a": words, "b": st.lists(st.integers(-3, 3), max_size=2)})
            return st.dictionaries(words, scalars | st.lists(scalars, max_size=2), max_size=3)
        case _:
            if tame:
                return words
            return scalars.filter(lambda v: v is not None) | st.lists(scalars) | st.dictionaries(words, scalars)


def loaded_value(column: Column, *, tame: bool = False) -> st.SearchStrategy[Any]:
    """What a service may hold."""
    return st.none() | full(column, tame=tame) if column.nullable and column.role != "updated" else full(column)


def edited_value(column: Column) -> st.SearchStrategy[Any]:
    """What may be sent."""
    return st.none() | full(column) if column.clearable else full(column)


Rows = dict[str, list[Any]]


@dataclass(frozen=True)
class Edits:
    """Tasks, and what somebody made of them: values in normal form, by column."""

    schema: Schema = dataclass_field(repr=False)
    ids: list[str]
    before: Rows
    after: Rows

    @property
    def base(self) -> pd.DataFrame:
        return self.schema.frame(self.ids, self.before)

    @property
    def edited(self) -> pd.DataFrame:
        return self.schema.frame(self.ids, self.after)

    @property
    def baseline(self) -> Baseline:
        return Baseline.of(self.base, self.schema)

    def wanted(self) -> dict[tuple[str, str], Any]:
        """(id, column) → after: the cells that the service would see another value in."""
        return {
            (task, name): self.after[name][at]
            for name in self.after
            for at, task in enumerate(self.ids)
            if not same(self.before[name][at], self.after[name][at], self.schema[name])
        }


names = st.lists(
    st.sampled_from(["t1", "t2", "1", "007", "1e5", "\u00e9", "e\u0301", "a b", "T1", "NaN"]), min_size=1, max_size=4,
    unique=True,
)  # fmt: skip


@st.composite
def loads(draw: st.DrawFn, schema: Schema, *, tame: bool = False, most: int = 12) -> Edits:
    """Tasks that nobody edited, with some of the schema's columns."""
    ids = draw(names)
    chosen = draw(st.lists(st.sampled_from(schema.columns), min_size=1, max_size=most, unique_by=lambda c: c.name))
    size = len(ids)
    values = {c.name: draw(st.lists(loaded_value(c, tame=tame), min_size=size, max_size=size)) for c in chosen}
    return Edits(schema, ids, values, values)


labels = st.sampled_from(
    ["Effort", "effort", "Effort 2", "a,b", "x\ny", "=1", "\u00e9", "e\u0301", "_id", "name", "id"]
)
kinds = st.sampled_from(["number", "input", "dropdown", "checkbox", "datetime", "date", "multiselect", "hologram", ""])
contents = (
    st.sampled_from([None, "", 0, 1, -1.5, True, False, "3", "true", "2026-01-01T00:00:00Z", "2026-01-01", "soon"])
    | st.sampled_from([2**53 + 1, 0.1 + 0.2, [], ["a"], ["b", "a"], [1, True, None], {}, {"a": [1]}, {"b": None}])
    | words
)


@st.composite
def kore_loads(draw: st.DrawFn) -> tuple[pd.DataFrame, Schema, Catalogue]:
    """A load of Kore tasks with fields of any sort, as their account may have made them."""
    sorts = draw(st.dictionaries(labels, kinds, max_size=6))
    tasks = []
    for task in draw(names):
        own = [field(n, k, *draw(st.lists(contents, max_size=1))) for n, k in sorts.items() if draw(st.booleans())]
        tasks.append({**draw(st.sampled_from(KORE_TASKS)), "_id": task, "fields": own})
    values, catalogue = kore_columns(tasks)
    schema = Kore().schema(catalogue)
    return schema.frame(values[schema.index], values), schema, catalogue


@st.composite
def edits(draw: st.DrawFn, schema: Schema) -> Edits:
    """Tasks, some of whose cells were edited."""
    load = draw(loads(schema))
    after: Rows = {}
    for name, before in load.before.items():
        column = schema[name]
        mine = edited_value(column)
        after[name] = [draw(st.just(value) | mine) if column.editable else value for value in before]
    return Edits(schema, load.ids, load.before, after)


# Dress.

Dress = Callable[[pd.Series, Column], pd.Series]
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia")


def objects(values: list[Any], index: pd.Index) -> pd.Series:
    array = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):
        array[at] = value
    return pd.Series(array, index=index, dtype="object")


def cells(change: Callable[[Any], Any]) -> Dress:
    """Each cell that is not null, made something else."""
    return lambda s, _: objects([None if is_null(v) else change(v) for v in s.astype("object")], s.index)


def to(dtype: Any) -> Dress:
    return lambda s, _: s.astype("object").astype(dtype)


def _zone(name: str) -> Dress:
    return lambda s, _: s.dt.tz_convert(name) if s.dt.year.between(2, 9998).all() else s


def _unit(unit: str) -> Dress:
    def dressed(s: pd.Series, _: Column) -> pd.Series:
        if unit == "ns" and not s.dt.year.between(1700, 2200).all():
            return s
        other = s.dt.as_unit(unit)
        return other if (other.isna() | (other == s)).all() else s

    return dressed


def _kept(s: pd.Series, other: pd.Series) -> pd.Series:
    """`other` where it still says the same: pandas makes 9007199254740992 of 2**53 + 1 beside a null."""
    pairs = zip(s.tolist(), other.tolist(), strict=True)
    whole = all(a == b for a, b in pairs if isinstance(a, int) and not isinstance(a, bool))
    return other if whole else s


def _floats(s: pd.Series, _: Column) -> pd.Series:
    values = s.astype("object").where(s.notna(), None)
    return values.astype("float64") if all(v is None or abs(v) < 2**53 for v in values) else s


def _shuffled(values: list[Any]) -> list[Any]:
    return [*values[1:], *values[:1]]


ANY: dict[str, Dress] = {
    "as it is": lambda s, _: s,
    "object": to("object"),
    "convert_dtypes": lambda s, _: _kept(s, s.convert_dtypes()),
    "infer_objects": lambda s, _: s.astype("object").infer_objects(),
    "taken back": lambda s, _: s.iloc[::-1].iloc[::-1],
}
HASHABLE: dict[str, Dress] = {"category": lambda s, _: s.astype("object").astype("category")}
WORDS: dict[str, Dress] = {
    "str": to("str"), "string": to("string"), "python": to(pd.StringDtype("python")), "np.str_": cells(np.str_),
    "Text": cells(Text),
}  # fmt: skip
NUMBERS: dict[str, Dress] = {
    "float": _floats, "Decimal": cells(lambda v: Decimal(repr(v))), "digits": cells(repr),
    "digits as str": lambda s, c: cells(repr)(s, c).astype("str"),
}  # fmt: skip
DRESSES: dict[str, dict[str, Dress]] = {
    "text": WORDS | HASHABLE,
    "choice": HASHABLE
    | {
        "no unused": lambda s, _: s.cat.remove_unused_categories(),
        "other order": lambda s, _: s.cat.reorder_categories(list(s.cat.categories)[::-1]),
        "more": lambda s, c: s.cat.add_categories(["more" if isinstance(c.choices[0], str) else 77]),
        "by its own type": lambda s, c: (WORDS["string"] if isinstance(c.choices[0], str) else _floats)(s, c),
    },
    "integer": NUMBERS | HASHABLE | {"Int64": to("Int64"), "numpy": cells(np.int64), "np.uint64": cells(np.uint64)},
    "number": NUMBERS
    | HASHABLE
    | {
        "Float64": to("Float64"),
        "numpy": cells(np.float64),
        "sparse": lambda s, _: s.astype(pd.SparseDtype("float64")),
    },
    "boolean": HASHABLE
    | {
        "boolean": to("boolean"), "Int64": lambda s, _: s.astype("boolean").astype("Int64"), "numpy": cells(np.bool_),
        "float": lambda s, _: s.astype("boolean").astype("Float64"), "text": cells(str), "0/1": cells(int),
    },
    "timestamp": HASHABLE
    | {name: _zone(name) for name in ZONES}
    | {unit: _unit(unit) for unit in ("s", "ms", "us", "ns")}
    | {
        "text": cells(lambda t: t.isoformat()), "Z": cells(lambda t: t.isoformat().replace("+00:00", "Z")),
        "Python's": cells(lambda t: t.to_pydatetime()), "str": lambda s, c: cells(str)(s, c).astype("str"),
    },
    "list": {
        "tuples": cells(tuple), "JSON": cells(json.dumps),
        "JSON as str": lambda s, c: cells(json.dumps)(s, c).astype("str"),
        "arrays": cells(lambda v: objects(v, pd.RangeIndex(len(v))).to_numpy()),
        "Series": cells(lambda v: objects(v, pd.RangeIndex(len(v)))),
        "in another order": lambda s, c: cells(_shuffled)(s, c) if c.unordered else s,
    },
    "object": {"JSON": cells(json.dumps), "other order": cells(lambda v: dict(reversed(v.items())))},
    "any": {},
}  # fmt: skip
NAIVE: Dress = lambda s, _: s.dt.tz_localize(None)  # noqa: E731 - only where nobody edited
if pyarrow is not None:
    DRESSES["text"] |= {
        "arrow": to(pd.ArrowDtype(pyarrow.string())), "arrow, large": to(pd.ArrowDtype(pyarrow.large_string())),
        "arrow dictionary": to(pd.ArrowDtype(pyarrow.dictionary(pyarrow.int32(), pyarrow.string()))),
        "pyarrow": to(pd.StringDtype("pyarrow")),
    }  # fmt: skip
    DRESSES["integer"] |= {"arrow": to(pd.ArrowDtype(pyarrow.int64()))}
    DRESSES["number"] |= {"arrow": to(pd.ArrowDtype(pyarrow.float64()))}
    DRESSES["boolean"] |= {"arrow": to(pd.ArrowDtype(pyarrow.bool_()))}
    DRESSES["timestamp"] |= {"arrow": to(pd.ArrowDtype(pyarrow.timestamp("us", "UTC")))}
    for _kind in ("text", "choice", "integer", "number", "boolean", "timestamp"):
        DRESSES[_kind] |= {"arrow by convert_dtypes": lambda s, _: _kept(s, s.convert_dtypes(dtype_backend="pyarrow"))}


@st.composite
def dressed(draw: st.DrawFn, edited: pd.DataFrame, schema: Schema, *, naive: bool = False) -> pd.DataFrame:
    """The same cells, with other dtypes, in another order, with the ids elsewhere."""
    columns = {}
    for name in edited.columns:
        column = schema[name]
        known = ANY | DRESSES[column.kind] | ({"naive": NAIVE} if naive and column.kind == "timestamp" else {})
        columns[name] = known[draw(st.sampled_from(sorted(known)))](edited[name], column)
    df = pd.DataFrame(columns, index=edited.index)
    df = df.iloc[draw(st.permutations(range(len(df))))] if draw(st.booleans()) else df
    df = df[draw(st.permutations(list(df.columns)))]
    place = draw(st.sampled_from(["index", "objects", "column", "level", "category"]))
    if place == "objects":
        return df.set_axis(df.index.astype("object"))
    if place == "column":
        return df.reset_index()
    if place == "level":
        return df.set_index(np.arange(len(df)), append=True)
    return df.set_axis(pd.CategoricalIndex(df.index, name=df.index.name)) if place == "category" else df
