"""What a service's columns are: their kinds, dtypes, choices and rules.

Within taskframe a cell has one *normal form*, whatever dtype the analyst's frame gave it:

    text         str
    choice       str or int: one of the choices
    integer      int
    number       int or float
    boolean      bool
    timestamp    pandas.Timestamp, UTC
    list         list of JSON values
    object       dict of JSON values
    any          any JSON value: of a custom field whose values are of several kinds

and None where the service holds null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from taskframe import arrays
from taskframe.arrays import TEXT_DTYPE
from taskframe.arrays import UTC_DTYPE as UTC_DTYPE
from taskframe.errors import SettingsError, did_you_mean

Kind = Literal["text", "choice", "integer", "number", "boolean", "timestamp", "list", "object", "any"]
Role = Literal["identifier", "title", "status", "priority", "assignee", "due", "version", "updated"]

NESTED: frozenset[Kind] = frozenset({"list", "object", "any"})


class Unfit(ValueError):
    """A value that a column can't hold. The message says what would be right."""


@dataclass(frozen=True)
class Column:
    """One column of a service: what it holds and what may be done to it.

    - `nullable`: the service may hold null here; `clearable`: null may be sent.
    - `choices`: the documented values in the service's order (for a priority: the least urgent first).
    - `ordered`: the choices have a rank, so that `df[c] > "low"` works.
    - `unordered`: a list whose order means nothing.
    - `blank_is_null`: the service takes `""` for null.
    - `system`: the service takes it, but it is its own record: editable only when asked for by name.
    - `handle`: the editable column that this one follows, such as `status.name` for `status._id`.
    - `aliases`: other texts that stand for one of its values, such as a person's name for the id. Whoever reads a cell
      puts the value in their place.
    - `things`: where names stand for things of the service's, the id of each; `key` is the column that has the ids. Of
      two cells with one id neither differs from the other, however the thing was called when they were read.
    - `unit`: how fine a timestamp the service keeps. Whoever reads a cell cuts it to that.
    - `label`: the name a person would use; `source`: where the fact is documented.
    """

    name: str
    kind: Kind
    editable: bool = False
    nullable: bool = True
    clearable: bool = False
    role: Role | None = None
    choices: tuple[str | int, ...] = ()
    ordered: bool = False
    unordered: bool = False
    blank_is_null: bool = False
    people: bool = False
    min_length: int = 0
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    system: bool = False
    handle: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    things: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    key: str = ""
    unit: Literal["us", "ms"] = "us"
    label: str = ""
    source: str = ""

    @property
    def dtype(self) -> Any:
        """The pandas dtype of this column in a loaded frame."""
        match self.kind:
            case "text":
                return TEXT_DTYPE
            case "choice":
                return pd.CategoricalDtype(list(self.choices), ordered=self.ordered)
            case "integer":
                return pd.Int64Dtype() if self.nullable else "int64"
            case "number":
                return "float64"
            case "boolean":
                return pd.BooleanDtype() if self.nullable else "bool"
            case "timestamp":
                return UTC_DTYPE
            case _:
                return "object"

    def array(self, values: Sequence[Any]) -> pd.api.extensions.ExtensionArray | Any:
        """`values` (in normal form; timestamps may be ISO 8601 text) as an array of this column's dtype.

        A choice that the service does not document is added behind the documented ones: it was seen, so it exists.
        """
        given: Any = values
        if isinstance(given, pd.api.extensions.ExtensionArray):
            return given  # made like this before, piece by piece
        if self.kind == "choice":
            return arrays.choices(values, self.choices, ordered=self.ordered)
        if self.kind == "timestamp":
            return arrays.times(values)
        if self.kind == "text":
            return arrays.texts(values)
        if self.kind in NESTED:
            return pd.arrays.NumpyExtensionArray(arrays.objects(values))
        return pd.array(list(values), dtype=self.dtype)

    def check(self, value: Any) -> None:
        """Raises `Unfit` when `value` (in normal form) may not be sent in this column."""
        if value is None:
            if not self.clearable:
                if self.kind == "list":
                    raise Unfit(f"{self.name} can't be cleared: the service documents no null here; [] empties it")
                empty = self.kind == "text" and not self.min_length and self.role not in ("status", "priority")
                way_out = 'empty text goes ("" in a frame, a lone \' in a file)' if empty else "leave it as it is"
                raise Unfit(f"{self.name} can't be cleared: the service documents no null here; {way_out}")
            return
        if self.kind == "text":
            self._check_text(value)
        elif self.kind in ("integer", "number"):
            if self.minimum is not None and value < self.minimum:
                raise Unfit(f"{value} is below {self.minimum:g}, the least that {self.name} takes")
            if self.maximum is not None and value > self.maximum:
                raise Unfit(f"{value} is above {self.maximum:g}, the most that {self.name} takes")

    def _check_text(self, value: str) -> None:
        if len(value) < self.min_length:
            clear = ": None (<clear> in a file) clears it" if self.clearable else ""
            raise Unfit(
                f"{self.name} can't be empty{clear}"
                if self.min_length == 1
                else f"{self.name} takes at least {self.min_length} characters, this has {len(value)}"
            )
        if self.max_length is not None and len(value) > self.max_length:
            raise Unfit(f"{self.name} takes at most {self.max_length} characters, this has {len(value)}")
        if not is_sendable(value):
            raise Unfit(f"{self.name} holds half a surrogate pair, which is no text and can't be sent")


_SURROGATE = re.compile(r"[\ud800-\udfff]")


def is_sendable(text: str) -> bool:
    """Whether `text` holds no half of a surrogate pair: UTF-8, and so JSON and URLs, have none."""
    return _SURROGATE.search(text) is None


@dataclass(frozen=True)
class Schema:
    """The columns of one service, in the service's order. `schema["status"]`, `schema.role("status")`."""

    columns: tuple[Column, ...]
    index: str = "id"
    _by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {c.name: c for c in self.columns})

    def __getitem__(self, name: str) -> Column:
        try:
            return self._by_name[name]
        except KeyError:
            raise SettingsError(f"there is no column {name!r}.{did_you_mean(name, self._by_name)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        editable = ", ".join(c.name for c in self.editable)
        return f"<Schema: {len(self)} columns, ids in {self.index!r}; to be edited: {editable}>"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, in order."""
        return tuple(self._by_name)

    @property
    def editable(self) -> tuple[Column, ...]:
        """The columns that an edit may change."""
        return tuple(c for c in self.columns if c.editable)

    def role(self, role: Role) -> Column | None:
        """The first column with this role, or None when the service has none."""
        return next((c for c in self.columns if c.role == role), None)

    def roles(self, role: Role) -> tuple[Column, ...]:
        """All columns with this role: a service may have several kinds of assignee."""
        return tuple(c for c in self.columns if c.role == role)

    def with_editable(self, names: Iterable[str]) -> Schema:
        """The same with these columns editable, among them the `system` ones that are not by themselves.

        Raises SettingsError for a column that there is not, or that the service has no call to change.
        """
        wanted = dict.fromkeys(names)
        for name in wanted:
            column = self[name]
            if column.system or column.editable:
                continue
            way_out = f"; edit {column.handle}, which it follows" if column.handle else ""
            raise SettingsError(f"editable=: the service has no call that changes {name}{way_out}")
        columns = tuple(replace(c, editable=True) if c.name in wanted else c for c in self.columns)
        return Schema(columns, self.index)

    def frame(self, ids: Sequence[str], values: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
        """A DataFrame of these columns (values in normal form; timestamps may be ISO 8601 text), index: the ids."""
        found = Column(self.index, "text").array(ids)
        data = {c.name: c.array(values[c.name]) for c in self.columns if c.name in values}
        return pd.DataFrame(data, index=pd.Index(found, name=self.index), copy=False)
