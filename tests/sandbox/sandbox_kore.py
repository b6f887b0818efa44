"""A Kore client of a few lines, for the sandbox's own tests."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx

from taskframe.sandbox import Sandbox


def client(box: Sandbox) -> httpx.Client:
    """A client with a ready token, at the level of the calls: `client.post("getTasks")`."""
    settings = box.settings("kore")
    headers = {"auth": box["kore"].token(expires_in=None), "AccountId": settings["account_id"]}
    base = f"{settings['base_url']}/caseManagement/api/public/analytics/{settings['stream_id']}/"
    return httpx.Client(base_url=base, headers=headers, timeout=10)


def get(http: httpx.Client, **body: Any) -> dict[str, Any]:
    """A page."""
    reply = http.post("getTasks", json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def ids(http: httpx.Client, **body: Any) -> list[str]:
    """The ids of the first hundred."""
    return [t["_id"] for t in get(http, limit=100, **body)["results"]]


def update(http: httpx.Client, task: Any, **fields: Any) -> httpx.Response:
    """An update."""
    return http.post(f"updateTask/{quote(task['_id'], safe='')}", json=fields)


def error(reply: httpx.Response) -> tuple[int, str]:
    """The status and the text of a failure."""
    (found,) = reply.json()["errors"]
    assert isinstance(found["code"], int)
    return reply.status_code, found["msg"]
