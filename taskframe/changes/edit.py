"""One task's edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
"""One task: column → value in normal form (timestamps may still be ISO 8601 text). Only what a reply held."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One task's edit: the whole row as it was read (lock, siblings), and the changed cells in normal form."""

    id: str
    base: Row
    after: Row
