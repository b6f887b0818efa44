"""The conformance suite: what any service, with its sandbox, must pass.

    from taskframe.testing import ServiceConformance

    class TestHelpdesk(ServiceConformance):
        service = "helpdesk"

pytest runs what the class inherits: each test is a promise that taskframe makes of every service. What is the
service's own is found out by its schema and by role; what can't be found out is a hook to override (see `Suite`). The
sandbox must offer what `Server` lists. Needs the extra `testing`.
"""

from __future__ import annotations

from pkgutil import iter_modules

from taskframe.errors import MissingExtra

try:
    import pytest

    # Before they are imported: a failed assert then says what it saw.
    pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
    from taskframe.testing.conformance import ServiceConformance
except ImportError as error:
    if (error.name or "").partition(".")[0] not in ("pytest", "hypothesis"):
        raise
    raise MissingExtra("the conformance suite", "testing") from error

from taskframe.testing.server import Server
from taskframe.testing.stage import Stage
from taskframe.testing.suite import Suite

__all__ = ["Server", "ServiceConformance", "Stage", "Suite"]
