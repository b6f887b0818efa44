"""The filter's box: words, a drop-down or a range a column, a query."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

import ipywidgets as w
import pandas as pd

from taskframe.widgets.columns import GridColumn
from taskframe.widgets.filters import Filter
from taskframe.widgets.home import Home

_ANY = object()
_FIRST = ("status", "priority", "assignee", "due")
_MOST_AT_ONCE = 4


class FilterBox:
    """What a person asks for, as a `Filter`. `changed` is called whenever they ask for something else."""

    def __init__(self, columns: tuple[GridColumn, ...], home: Home, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._home = home
        self._parts: dict[str, _Among | _Between] = {}
        self.words = w.Text(placeholder="words, in any column", continuous_update=False, layout=w.Layout(width="230px"))
        self.query = w.Text(
            placeholder="a pandas query: priority == 'high' and dueAt < '2026-01-31'",
            continuous_update=False,
            layout=w.Layout(flex="1 1 240px"),
        )
        self.only_changed = w.Checkbox(description="changed only", indent=False, layout=w.Layout(width="120px"))
        self.more = w.Dropdown(options=[("", "")], value="", layout=w.Layout(width="165px"))
        self._adding = w.VBox([w.Label(""), self.more])
        self.reset = w.Button(description="Show all", layout=w.Layout(width="90px"), tooltip="Takes the filter away")
        self.count = w.Label("")
        self.error = w.HTML("")
        self._row = w.Box(layout=w.Layout(flex_flow="row wrap", align_items="flex-start", grid_gap="4px 8px"))
        for field in (self.words, self.query, self.only_changed):
            field.observe(self._told, names="value")
        self.more.observe(self._add, names="value")
        self.reset.on_click(lambda _: home(self.clear))
        self.box = w.VBox(
            [
                w.Box(
                    [w.HTML("<b>Filter</b>"), self.words, self.query, self.only_changed, self.reset, self.count],
                    layout=w.Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 8px"),
                ),
                self._row,
                self.error,
            ]
        )
        self.error.layout.display = "none"
        self.take(columns)

    def take(self, columns: tuple[GridColumn, ...]) -> None:
        """Offers these columns; what was asked of those that stay is kept."""
        self._columns = {c.name: c for c in columns if _filterable(c)}
        if not self._parts:
            first = [c for role in _FIRST for c in columns if c.column.role == role and _filterable(c)]
            names = [c.name for c in first][:_MOST_AT_ONCE]
        else:
            names = [name for name in self._parts if name in self._columns]
        self._parts = {name: self._parts.get(name) or self._make(name) for name in names}
        self._draw()

    @property
    def filter(self) -> Filter:
        """What is asked for; the ids of the changed tasks are not in it."""
        among = {n: p.values for n, p in self._parts.items() if isinstance(p, _Among) and p.values}
        between = {n: p.bounds for n, p in self._parts.items() if isinstance(p, _Between) and p.bounds != (None, None)}
        return Filter(words=self.words.value, among=among, between=between, query=self.query.value)

    def say(self, error: str) -> None:
        """What is wrong with the query; "" when nothing is."""
        from taskframe.preview.markup import tag

        self.error.value = tag("span", error, style="color:var(--jp-error-color1,#c62828)") if error else ""
        self.error.layout.display = "" if error else "none"

    def clear(self) -> None:
        """Asks for nothing."""
        told, self._changed = self._changed, lambda: None  # told once, at the end
        try:
            self.words.value = self.query.value = ""
            self.only_changed.value = False
            for part in self._parts.values():
                part.clear()
        finally:
            self._changed = told
        self._changed()

    def _make(self, name: str) -> _Among | _Between:
        column = self._columns[name]
        if column.choices is not None:
            return _Among(column, self._told)
        return _Between(column, self._told)

    def _add(self, change: Any) -> None:
        name = change["new"]
        if name in self._columns and name not in self._parts:
            self._parts[name] = self._make(name)
            self._draw()

    def _draw(self) -> None:
        left = [name for name in self._columns if name not in self._parts]
        self.more.options = [("another column …", ""), *((name, name) for name in left)]
        self.more.value = ""
        self._row.children = [*(part.box for part in self._parts.values()), *([self._adding] if left else [])]

    def _told(self, _change: Any = None) -> None:
        self._home(self._changed)


def _filterable(column: GridColumn) -> bool:
    return column.choices is not None or column.column.kind in ("integer", "number", "timestamp")


class _Among:
    """A drop-down: each value that is chosen is added, and can be taken away again."""

    def __init__(self, column: GridColumn, told: Callable[[], None]) -> None:
        self._told = told
        choices = [(column.labels.get(c, str(c)), c) for c in column.choices or ()]
        none = [("(empty)", None)] if column.column.nullable else []
        labels = [label for label, _ in choices]
        doubled = {label for label in labels if labels.count(label) > 1}
        pairs = [(f"{label} {value}" if label in doubled else label, value) for label, value in choices]
        self._values = dict([*none, *pairs])
        self.pick = w.Dropdown(options=self._options("any"), value=_ANY, layout=w.Layout(width="150px"))
        self.tags = w.TagsInput(allowed_tags=list(self._values), allow_duplicates=False)
        self.tags.layout.display = "none"
        self.pick.observe(self._picked, names="value")
        self.tags.observe(self._tagged, names="value")
        self.box = w.VBox([w.Label(column.name), self.pick, self.tags], layout=w.Layout(max_width="260px"))

    @property
    def values(self) -> tuple[Any, ...]:
        """What was chosen; nothing means any."""
        return tuple(self._values[label] for label in self.tags.value)

    def clear(self) -> None:
        """Any."""
        self.tags.value = []

    def _options(self, first: str) -> list[tuple[str, object]]:
        """The first line chooses nothing. It is no text, since some service may call a status "any"."""
        return [(first, _ANY), *((label, label) for label in self._values)]

    def _picked(self, change: Any) -> None:
        label = change["new"]
        if label in self._values and label not in self.tags.value:
            self.tags.value = [*self.tags.value, label]
        self.pick.value = _ANY

    def _tagged(self, _change: Any) -> None:
        self.tags.layout.display = "" if self.tags.value else "none"
        self.pick.options = self._options("or …" if self.tags.value else "any")
        self.pick.value = _ANY
        self._told()


class _Between:
    """A range: of days in UTC, or of numbers."""

    def __init__(self, column: GridColumn, told: Callable[[], None]) -> None:
        self._told = told
        self._days = column.column.kind == "timestamp"
        self.least, self.most = self._field(), self._field()
        for field in (self.least, self.most):
            field.observe(lambda _: self._told(), names="value")
        ends = w.HBox([self.least, w.Label("to"), self.most])
        self.box = w.VBox([w.Label(f"{column.name} (UTC)" if self._days else column.name), ends])

    def _field(self) -> Any:
        if self._days:
            return w.DatePicker(layout=w.Layout(width="130px"))
        return w.Text(placeholder="any", continuous_update=False, layout=w.Layout(width="70px"))

    @property
    def bounds(self) -> tuple[Any, Any]:
        """The least and the most, the last day whole; None where there is no bound."""
        if not self._days:
            return _number(self.least.value), _number(self.most.value)
        least, most = (None if d is None else pd.Timestamp(d, tz=UTC) for d in (self.least.value, self.most.value))
        return least, None if most is None else most + pd.Timedelta(days=1, microseconds=-1)

    def clear(self) -> None:
        """Any."""
        self.least.value = self.most.value = None if self._days else ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
