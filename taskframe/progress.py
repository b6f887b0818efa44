"""Progress bars: `tqdm.auto`, a tqdm class of the user's own, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

Progress = bool | type[Any]
"""True: a bar (in Jupyter the notebook's); False: none; or a class that is used as tqdm is."""


class Bar(Protocol):
    """As much of a tqdm bar as taskframe uses."""

    n: int
    total: int | None

    def update(self, n: int = 1) -> Any: ...
    def refresh(self) -> Any: ...
    def set_postfix(self, ordered_dict: Any = None, refresh: bool = True) -> Any: ...
    def close(self) -> Any: ...


class _NoBar:
    n = 0
    total: int | None = None

    def update(self, n: int = 1) -> None:
        """Nothing to show."""

    def refresh(self) -> None:
        """Nothing to show."""

    def set_postfix(self, ordered_dict: Any = None, refresh: bool = True) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Nothing to close."""


@contextmanager
def progress_bar(progress: Progress, *, desc: str, total: int | None, unit: str = " tasks") -> Iterator[Bar]:
    """A bar for the time of the block."""
    if progress is False:
        yield _NoBar()
        return
    bar: Bar = _class(progress)(desc=desc, total=total, unit=unit, dynamic_ncols=True)
    try:
        yield bar
    finally:
        bar.close()


def _class(progress: Progress) -> type[Any]:
    if isinstance(progress, type) and progress is not bool:
        return progress
    from tqdm.auto import tqdm

    class OurBar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0  # tqdm's monitor thread would outlive the bar

    return OurBar
