"""The CSV user's guide does what it says: each of its commands is run."""

from __future__ import annotations

import os
import re

import pytest

from tests.cli.guide import PAGE, run
from tests.docs.examples import masked


def _masked(text: str) -> str:
    text = re.sub(r"\b[0-9a-f]{16}\b", "RUN", text)
    return masked(re.sub(r"20\d\d-\d\d-\d\d \d\d:\d\d", "TIME", text))


@pytest.mark.skipif(os.name == "nt", reason="the guide is written for a Unix shell")
def test_the_guide() -> None:
    """In order, in one folder; each prints what the page says it prints."""
    done = run(PAGE.read_text("utf-8"))
    assert len(done) > 20
    for command, written, printed in done:
        assert _masked(written) == _masked(printed), command
