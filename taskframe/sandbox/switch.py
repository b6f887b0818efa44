"""Switches: attributes of a sandbox that a test may turn, each to one of a few values."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, overload

from taskframe.errors import SettingsError

T = TypeVar("T")


class Switch(Generic[T]):
    """An attribute that takes only these values, the first of them until it is turned."""

    def __init__(self, *values: T) -> None:
        self._values = values
        self._name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, box: None, owner: type) -> Switch[T]: ...
    @overload
    def __get__(self, box: object, owner: type) -> T: ...
    def __get__(self, box: object | None, owner: type) -> Switch[T] | T:
        if box is None:
            return self
        value: T = box.__dict__.get(self._name, self._values[0])
        return value

    def __set__(self, box: Any, value: T) -> None:
        if value not in self._values:
            raise SettingsError(f"{self._name} is one of {', '.join(map(str, self._values))}; got {value!r}")
        box.__dict__[self._name] = value
