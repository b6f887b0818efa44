"""The box that sets one column of all filtered tasks, or splits them among people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from taskframe.errors import SettingsError, TaskframeError
from taskframe.widgets.columns import GridColumn
from taskframe.widgets.hand import Done, Hand
from taskframe.widgets.home import Home

_SET, _CLEAR, _SPLIT = "value", "clear", "split among"


class SetBox:
    """A column, what to do with it, and a button that says how many tasks it would touch."""

    def __init__(
        self, columns: tuple[GridColumn, ...], hand: Hand, home: Home, did: Callable[[Done | str], None]
    ) -> None:
        self._hand = hand
        self._did = did
        self.column = w.Dropdown(layout=w.Layout(width="170px"))
        self.way = w.Dropdown(layout=w.Layout(width="110px"))
        self.value: Any = w.Text()
        self._place = w.Box(layout=w.Layout(flex="1 1 160px", max_width="380px"))
        self.button = w.Button(button_style="", layout=w.Layout(width="auto", min_width="110px"))
        self.column.observe(lambda _: self._chosen(), names="value")
        self.way.observe(lambda _: self._field(), names="value")
        self.button.on_click(lambda _: home(self._go))
        self.box = w.Box(
            [w.HTML("<b>Set for all filtered</b>"), self.column, self.way, self._place, self.button],
            layout=w.Layout(flex="1 1 auto", flex_flow="row wrap", align_items="center", grid_gap="4px 8px"),
        )
        self.take(columns)
        self.count(0)

    def take(self, columns: tuple[GridColumn, ...]) -> None:
        """Offers these columns."""
        self._columns = {c.name: c for c in columns if c.column.editable}
        chosen = self.column.value
        roles = ("status", "priority", "assignee")
        ordered = sorted(self._columns.values(), key=lambda c: c.column.role not in roles)
        self.column.options = [c.name for c in ordered]
        self.column.value = chosen if chosen in self._columns else next(iter(self.column.options), None)
        self._chosen()

    def count(self, rows: int) -> None:
        """So many tasks are filtered."""
        self.button.description = f"Set {rows:,} task{'' if rows == 1 else 's'}"
        self._none = not rows
        self.button.disabled = self._none

    def lock(self, locked: bool) -> None:
        """While a run is under way nothing can be set."""
        for field in (self.column, self.way, self.value):
            field.disabled = locked
        self.button.disabled = locked or self._none

    def _chosen(self) -> None:
        column = self._columns.get(self.column.value)
        if column is None:
            return
        people = column.column.role == "assignee"
        ways = [_SET, *([_CLEAR] if _clearable(column) else []), *([_SPLIT] if people else [])]
        if list(self.way.options) != ways:
            self.way.options = ways
        self.way.value = _SET
        self._field()

    def _field(self) -> None:
        column = self._columns.get(self.column.value)
        if column is not None and self.way.value is not None:
            self.value = _field(column, self.way.value)
            self._place.children = [] if self.way.value == _CLEAR else [self.value]

    def _given(self, way: str) -> Any:
        """What is to be set. Nothing is no value: to take values away is asked for by name."""
        value = self.value.value
        if way == _SET and (value is None or value == ""):
            raise SettingsError("set to what? choose a value; to take values away, choose clear")
        return value

    def _go(self) -> None:
        name, way = self.column.value, self.way.value
        try:
            if way == _SPLIT:
                done = self._hand.split(name, self.value.value)
            else:
                done = self._hand.set_all(name, self._given(way), clear=way == _CLEAR)
        except TaskframeError as error:
            self._did(str(error))
        else:
            self._did(done)


def _clearable(column: GridColumn) -> bool:
    return column.column.clearable or (column.column.kind == "text" and not column.column.min_length)


def _field(column: GridColumn, way: str) -> Any:
    whole = w.Layout(width="100%")
    if way == _SPLIT:
        some = [column.labels[c].rpartition(" (")[0] for c in column.choices or () if c in column.labels][:2]
        example = ": 2, ".join(some) + ": 1" if len(some) == 2 else "id: 2, another id: 1"
        return w.Text(placeholder=f"who: weight, as in {example}", layout=whole)
    labels = [(column.labels.get(c, str(c)), c) for c in column.choices or ()]
    if column.open:
        return w.Combobox(options=[label for label, _ in labels], placeholder="name or id", layout=whole)
    if column.choices is not None:
        return w.Dropdown(options=labels, value=labels[0][1] if labels else None, layout=whole)
    if column.column.kind == "timestamp":
        return w.NaiveDatetimePicker(layout=whole, tooltip="in UTC")
    return w.Text(layout=whole)
