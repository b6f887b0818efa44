"""How a plan is applied, as the options of a command say"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskframe.engine.applying import OnConflict, Verify


@dataclass(frozen=True)
class Manner:
    """See the options of `taskframe apply`."""

    yes: bool = False
    confirm: int | None = None
    on_conflict: OnConflict = "report"
    verify: Verify | None = None
    left_file: Path | None = None
    json: bool = False
