"""The benchmarks themselves work, and their results are right, at a small size. What they measure is not looked at."""

from __future__ import annotations

import importlib
import math

import pytest

from tests.benchmarks.harness import Size
from tests.benchmarks.results import names


@pytest.mark.parametrize("name", names())
def test_benchmark(name: str) -> None:
    """Each line has its numbers; a wrong result raises."""
    found = list(importlib.import_module(f"tests.benchmarks.{name}").lines(Size.SMALL))
    assert found
    assert len({line.what for line in found}) == len(found)
    for line in found:
        if line.ratio is None:
            assert line.note, "why it was not measured"
            continue
        assert math.isfinite(line.ratio)
        assert line.low is None or line.high is None or line.low <= line.ratio <= line.high
        assert line.work
        assert line.unit
