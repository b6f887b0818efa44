"""All three services keep every promise of the conformance suite."""

from __future__ import annotations

from kits import KoreKit, PragmatiksKit, ReloadKit


class TestReload(ReloadKit):
    """Reload."""


class TestKore(KoreKit):
    """Kore."""


class TestPragmatiks(PragmatiksKit):
    """Pragmatiks."""
