"""All promises in one class, to subclass."""

from __future__ import annotations

from taskframe.testing.applying import Applying
from taskframe.testing.columns import EveryColumn
from taskframe.testing.isolation import Isolation
from taskframe.testing.limits import Limits
from taskframe.testing.loading import Loading
from taskframe.testing.planning import Planning
from taskframe.testing.shape import Shape
from taskframe.testing.storms import Storms
from taskframe.testing.wire import Wire


class ServiceConformance(Shape, Wire, Loading, Planning, EveryColumn, Applying, Storms, Limits, Isolation):
    """What a service must pass; subclass it, name the `service`, override the hooks of `Suite` where needed."""
