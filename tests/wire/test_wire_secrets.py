"""No secret leaves by a side door: texts, logs, files, errors, and the locals of a traceback."""

from __future__ import annotations

import gzip
import logging
import pickle
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

import taskframe as tf

SECRET = "rl_sk_do_not_tell_anybody_0123456789"


def _errors(error: BaseException | None, seen: set[int] | None = None) -> Iterator[BaseException]:
    """The error, and all that hang on it, suppressed or not."""
    seen = set() if seen is None else seen
    if error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        yield from _errors(error.__cause__, seen)
        yield from _errors(error.__context__, seen)
        for inner in getattr(error, "exceptions", ()):
            yield from _errors(inner, seen)


def _safe(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # half made: its constructor is what failed
        return repr(getattr(value, "__dict__", ""))


def _leaks(error: BaseException, secret: str = SECRET) -> list[str]:
    """Where the secret can be read: words of errors, and locals of frames that are not this file's."""
    found = []
    for each in _errors(error):
        if secret in f"{each} {each!r} {each.args} {getattr(each, '__notes__', '')}":
            found.append(f"words of {type(each).__name__}")
        trace = each.__traceback__
        while trace is not None:
            frame: types.FrameType = trace.tb_frame
            if frame.f_code.co_filename != __file__:
                found += [
                    f"{frame.f_code.co_filename}:{trace.tb_lineno} {name}"
                    for name, value in frame.f_locals.items()
                    if secret in _safe(value)
                ]
            trace = trace.tb_next
    return found


def _other_server(body: bytes, status: int = 200) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(status, content=body))


class _Broken:
    """A transport of the user's, with a bug."""

    async def send(self, request: tf.Request, timeout: float) -> tf.Reply:  # noqa: ASYNC109
        raise RuntimeError("a bug")

    async def aclose(self) -> None:
        pass


def _connect_wrongly(**options: Any) -> Callable[[], Any]:
    return lambda: tf.connect("reload", **options)


def _load(**options: Any) -> Callable[[], Any]:
    def load() -> None:
        with tf.connect("reload", token=SECRET, progress=False, timeout=2, max_wait=0.1, **options) as conn:
            conn.check()

    return load


FAILURES = {
    "an unknown service": lambda: tf.connect("rleoad", token=SECRET),
    "an unknown option": _connect_wrongly(token=SECRET, timeuot=3),
    "a secret under a wrong name": _connect_wrongly(tokn=SECRET),
    "a wrong type": _connect_wrongly(token=SECRET, base_url=5),
    "http": _connect_wrongly(token=SECRET, base_url="http://example.com"),
    "no url": _connect_wrongly(token=SECRET, base_url="reload"),
    "a wrong number": _connect_wrongly(token=SECRET, timeout=-1),
    "an unknown profile": _connect_wrongly(token=SECRET, profile="nobody"),
    "wrong people": _connect_wrongly(token=SECRET, people="Ada"),
    "a sync client": _connect_wrongly(token=SECRET, client=object()),
    "a line break in the token": _connect_wrongly(token=f"{SECRET}\nx"),
    "spaces around the token": _connect_wrongly(token=f" {SECRET} "),
    "a token in a list": _connect_wrongly(token=SecretStr(SECRET + "“")),
    "a callable that gives bytes": lambda: _load_with(lambda: SECRET.encode()),
    "a callable that gives a broken token": lambda: _load_with(lambda: SECRET + "\n"),
    "nobody listens": _load(base_url="http://127.0.0.1:9"),
    "not JSON": _load(transport=_other_server(b"<html>")),
    "not Reload": _load(transport=_other_server(b"{}", 404)),
    "unauthorised": _load(transport=_other_server(b"{}", 401)),
    "forbidden": _load(transport=_other_server(b"{}", 403)),
    "broken": _load(transport=_other_server(b"oh", 500)),
    "throttled": _load(transport=_other_server(b"oh", 429)),
    "a transport with a bug": _load(transport=_Broken()),
}


def _load_with(token: Callable[[], Any]) -> None:
    with tf.connect("reload", token=token, base_url="http://127.0.0.1:9", progress=False) as conn:
        conn.load()


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_no_error_tells_a_secret(failure: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> None:
    """Neither the words of an error, nor the locals in its traceback, nor the log at DEBUG hold the token."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which error is for other tests to say
        failure()
    assert _leaks(caught.value) == []
    assert SECRET not in caplog.text


def test_settings_from_outside_stay_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A token of the environment or of a profile shows in no error about other settings, nor in one about the file."""
    monkeypatch.setenv("TASKFRAME_RELOAD_TOKEN", SECRET)
    with pytest.raises(tf.SettingsError) as caught:
        tf.connect("reload", base_url=5)
    assert _leaks(caught.value) == []
    monkeypatch.delenv("TASKFRAME_RELOAD_TOKEN")
    for text in (
        f'[reload]\ntoken = "{SECRET}"\nbase_url = 5',
        f'[reload]\ntoken = "{SECRET}"\ntokn = 1',
        f'[reload]\ntokn = "{SECRET}"',
        f"[reload]\ntoken = {SECRET}",
        f'[reload]\ntoken = "{SECRET}',
        f'reload = "{SECRET}"',
        f'[reload]\ntoken = " {SECRET}"',
        f'[reload]\ntoken = ["{SECRET}"]',
    ):
        path = tmp_path / "config.toml"
        path.write_text(text, "utf-8")
        monkeypatch.setenv("TASKFRAME_CONFIG", str(path))
        with pytest.raises(tf.SettingsError) as caught:
            tf.connect("reload")
        assert _leaks(caught.value) == [], text


def test_nothing_shown_or_saved_holds_a_secret(
    box: tf.LocalSandbox, caplog: pytest.LogCaptureFixture, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Reprs, HTML, requests, reports, saved files, log and bars: the token is in none of them."""
    caplog.set_level(logging.DEBUG)
    token = box.settings("reload")["token"]
    with box.connect("reload") as conn:
        tasks = conn.load()
        tasks.df["priority"] = "high"
        plan = tasks.plan()
        texts = [repr(conn), repr(vars(conn)), repr(tasks), tasks._repr_html_(), repr(plan), plan._repr_html_()]
        texts += [repr(list(plan.requests())), repr(plan.load), repr(conn._session.link)]
        plan.save(tmp_path / "a.plan")
        tasks.save(tmp_path / "a.tasks")
        tasks.to_csv(tmp_path / "a.csv")
        report = plan.apply(confirm=len(plan))
        report.to_csv(tmp_path / "r.csv")
        texts += [repr(report), report._repr_html_(), repr(vars(report)), report.outcomes.to_string()]
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        texts.append((gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode())
    texts += [caplog.text, *capfd.readouterr()]
    assert "update-task" in caplog.text
    assert not [text for text in texts if token in text]


def test_a_connection_is_not_pickled(conn: tf.Connection) -> None:
    """A pickle would hold the token: there is none."""
    with pytest.raises(TypeError):
        pickle.dumps(conn)


def test_an_error_in_the_middle_of_an_apply_tells_no_secret(
    box: tf.LocalSandbox, conn: tf.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """A revoked key stops the run; what the report, the log and the error then say is free of it."""
    caplog.set_level(logging.DEBUG)
    tasks = conn.load()
    tasks.df["priority"] = "high"
    plan = tasks.plan()
    box["reload"].revoke()
    report = plan.apply(confirm=len(plan))
    token = box.settings("reload")["token"]
    with pytest.raises(tf.TaskframeError) as caught:
        report.raise_for_failures()
    assert _leaks(caught.value, token) == []
    assert token not in f"{report!r}{report.outcomes.to_string()}{report.stopped}{caplog.text}"
