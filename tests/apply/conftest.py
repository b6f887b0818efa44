from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apply_stage import Stage


@pytest.fixture
def make_stage() -> Iterator[Callable[..., Stage]]:
    """Makes stages that are closed at the end: `make_stage(tasks=200, factor=1)`."""
    made: list[Stage] = []

    def make(**options: Any) -> Stage:
        made.append(Stage(**options))
        return made[-1]

    yield make
    for stage in made:
        stage.close()


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """40 tasks, a hundred times as fast as we are."""
    return make_stage()
