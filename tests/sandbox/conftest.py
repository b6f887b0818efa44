"""What the sandbox's own tests share: a box, a client with its key, and a clock that only moves when told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from taskframe.sandbox import Sandbox


class HandClock:
    """A clock that the test moves; sleeping moves it too, so that nothing here waits."""

    def __init__(self, at: float = 1_767_949_200.0) -> None:
        self._at = at
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self._at

    def move(self, seconds: float) -> None:
        with self._lock:
            self._at += seconds

    async def sleep(self, seconds: float) -> None:
        self.move(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def box(clock: HandClock) -> Iterator[Sandbox]:
    with Sandbox(tasks=230, seed=7, clock=clock) as box:
        yield box


@pytest.fixture
def reload(box: Sandbox) -> Any:
    return box["reload"]


@pytest.fixture
def client_of() -> Iterator[Callable[..., httpx.Client]]:
    """Makes clients that are closed at the end: `client_of(box)`, `client_of(box, token=…)`."""
    made: list[httpx.Client] = []

    def make(box: Sandbox, *, token: str | None = None, service: str = "reload") -> httpx.Client:
        settings = box.settings(service)
        bearer = {"Authorization": f"Bearer {token or settings['token']}"}
        made.append(httpx.Client(base_url=settings["base_url"] + "/v1/agent/", headers=bearer, timeout=10))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def http(box: Sandbox, client_of: Callable[..., httpx.Client]) -> httpx.Client:
    """A client with the default key, at the level of the calls: `http.get("list-tasks")`."""
    return client_of(box)
