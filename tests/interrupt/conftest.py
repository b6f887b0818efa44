from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from interrupt_stage import Children, Stage

collect_ignore = ["interrupt_child.py"]


@pytest.fixture(scope="session", autouse=True)
def _posix() -> None:
    if os.name == "nt":
        pytest.skip("sends SIGINT to a child")


@pytest.fixture(scope="session")
def children() -> Iterator[Children]:
    """Made when they are asked for; at the end they end by themselves, whatever was left unanswered in them."""
    made = Children()
    yield made
    made.end()


@pytest.fixture
def make_stage(children: Children, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Makes stages: `make_stage("kore", tasks=60)`. Afterwards no thread of ours is left in the child."""
    made: list[Stage] = []

    def make(service: str, **options: Any) -> Stage:
        made.append(Stage(service, children["works"], tmp_path / "journal.sqlite", **options))
        return made[-1]

    yield make
    for stage in made:
        stage.faults.clear()
    try:
        assert children["works"].ask(do="end") == {"ended": True, "threads": []}
        assert children["takes up"].ask(do="end") == {"ended": True, "threads": []}
    except BaseException:
        children.renew()
        raise
    finally:
        for stage in made:
            stage.close()
