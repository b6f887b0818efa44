"""How a call becomes a request, and what a base URL may be."""

from typing import Any

import pytest
from transport_stage import SECRET

from taskframe import _version
from taskframe.engine.transport import (
    build_request,
    check_base_url,
)
from taskframe.errors import ProtocolError, SettingsError
from taskframe.services.base import Call


def test_a_request_is_built_without_sending() -> None:
    """Method, URL with encoded parameters, our headers and the service's, compact UTF-8 JSON."""
    call = Call("POST", "/v1/tasks", params=(("q", "a b&c=⟨"), ("q", "")), json={"title": "Ω", "n": None})
    request = build_request("https://api.example.com/x", call, {"Authorization": "Bearer t"})
    assert request.method == "POST"
    assert request.url == "https://api.example.com/x/v1/tasks?q=a%20b%26c%3D%E2%9F%A8&q="
    assert request.headers == {
        "user-agent": f"taskframe/{_version.__version__}",
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "authorization": "Bearer t",
        "content-type": "application/json",
    }
    assert request.content == '{"title":"Ω","n":null}'.encode()
    assert build_request("https://a", Call("GET", "/"), {}).content is None


def test_a_request_shows_no_secret() -> None:
    """Its repr is without headers; a header that can't be sent is named, not quoted."""
    assert SECRET not in repr(build_request("https://a", Call("GET", "/"), {"authorization": SECRET}))
    for bad in ("\n", "\r", "\x00", "ü"):
        with pytest.raises(SettingsError, match="authorization") as caught:
            build_request("https://a", Call("GET", "/"), {"authorization": SECRET + bad})
        frame = caught.traceback[-1].frame
        assert SECRET not in repr(frame.f_locals) + str(caught.value)


@pytest.mark.parametrize("path", ["/tasks/..", "/tasks/./x", "/tasks/%2e%2E/x", "/../x"])
def test_a_path_can_not_lead_elsewhere(path: str) -> None:
    """A task whose id is ".." is an error, not a call to another address."""
    with pytest.raises(ProtocolError, match="can't be sent"):
        build_request("https://a", Call("GET", path), {})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://API.example.com:8443/v1/", "https://api.example.com:8443/v1"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://127.0.0.53:1", "http://127.0.0.53:1"),
        ("http://[::1]:1/", "http://[::1]:1"),
    ],
)
def test_a_base_url_is_normalised(given: str, kept: str) -> None:
    """Host in lower case, no slash at the end; http on this very machine only."""
    assert check_base_url(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://api.example.com", "http://localhost.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1",
        "http://[::2]", "ftp://a", "api.example.com", "https://", "", "https://a?x=1", "https://a?", "https://a#f",
        "https://a:port", "https://a:99999", "https://u:pw1234@a", "https://a b", " https://a", "https://a/ü", "https://a\\b",
        "https://a/\n", None, 7, b"https://a",
    ],
)  # fmt: skip
def test_a_base_url_that_can_not_be_right_is_refused(given: Any) -> None:
    """SettingsError; a password in it is not repeated."""
    with pytest.raises(SettingsError, match="base_url") as caught:
        check_base_url(given)
    assert "pw1234" not in str(caught.value)
