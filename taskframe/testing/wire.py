"""Promises about what a service says and hears: the calls of an edit, and verdicts on any reply whatever."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskframe.changes.edit import Edit
from taskframe.errors import ProtocolError
from taskframe.services.base import Call, Reply
from taskframe.testing.stage import Stage
from taskframe.testing.suite import Suite

STRANGE = "a/b?c#d%20e f:ü⟨x⟩"
"""An id with all that means something in a URL."""

ENCODED = re.compile(r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*")
"""A path as RFC 3986 has it."""

STATUSES = (
    200, 201, 204, 206, 300, 301, 302, 304, 307, 400, 401, 402, 403, 404, 405, 408, 409, 410, 412, 418, 422, 423, 425,
    429, 451, 499, 500, 501, 502, 503, 504, 507, 520, 529, 599,
)  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


class Wire(Suite):
    """Calls and replies."""

    def test_calls_name_exactly_what_was_edited(self, stage: Stage) -> None:
        """One column or all: the calls' `columns` are those of the edit, together and none twice."""
        for edit, calls in self._edits(stage):
            named = [name for call in calls for name in call.columns]
            assert sorted(named) == sorted(edit.after), f"an edit of {', '.join(edit.after)} names {', '.join(named)}"
            assert all(call.kind != "read" for call in calls), "a call that writes is locked or unlocked"
            assert all((call.kind == "locked") is stage.service.versioned for call in calls)

    def test_an_edit_of_nothing_has_no_call(self, stage: Stage) -> None:
        """Nothing goes out by mistake."""
        tasks = stage.load()
        task, row = next(iter(self.rows(tasks).items()))
        assert list(stage.service.calls(Edit(task, row, {}), tasks.catalogue)) == []

    def test_calls_are_the_same_each_time(self, stage: Stage) -> None:
        """What the preview prints is what is sent, so calls are made of the edit and the catalogue alone."""
        tasks = stage.load()
        for edit, calls in self._edits(stage):
            assert list(stage.service.calls(edit, tasks.catalogue)) == calls

    def test_no_secret_is_in_a_call(self, stage: Stage) -> None:
        """Neither path nor parameters nor body say who we are: that is for `sign` alone."""
        calls = [*stage.service.listing({}).start(), *(call for _, calls in self._edits(stage) for call in calls)]
        for secret in stage.secrets():
            assert not any(secret in repr(call) for call in calls)

    def test_ids_are_percent_encoded(self, stage: Stage) -> None:
        """An id may hold anything; in a path it is one segment, encoded, and in a body it is as it is."""
        catalogue = stage.load().catalogue
        for edit, _ in self._edits(stage):
            strange = Edit(STRANGE, {**edit.base, stage.service.index: STRANGE}, edit.after)
            for call in stage.service.calls(strange, catalogue):
                assert ENCODED.fullmatch(call.path), f"{call.path!r} is no encoded path"
                told = [segment.casefold() for segment in call.path.split("/")]
                wanted = [quote(STRANGE, safe=safe).casefold() for safe in ("", ":", ":@")]
                in_path = any(segment in wanted for segment in told)
                in_body = json.dumps(STRANGE) in json.dumps(call.json)
                assert in_path or in_body, f"{call.method} {call.path} does not say which task"

    def test_a_failing_status_is_never_a_success(self, stage: Stage) -> None:
        """Whatever its body says: a 409 is not ok, nor is a page of tasks that comes with a 502."""
        calls, real = self._conversation(stage)
        for call in calls:
            for status in (status for status in STATUSES if status >= 300):
                for body in (b"", b"{}", b"[]", *real):
                    try:
                        verdict = stage.service.judge(call, Reply(status, {}, body))
                    except ProtocolError:
                        continue
                    assert verdict.kind != "ok", f"{call.method} {call.path}: status {status} is not ok"

    def test_any_bytes_are_judged_or_make_no_sense(self, stage: Stage) -> None:
        """Whatever comes back, `judge` gives a verdict or raises `ProtocolError`; a failing status is never ok."""
        service = stage.service
        calls, real = self._conversation(stage)

        @settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(calls), st.sampled_from(STATUSES), _bodies(real), _headers())
        def judged(call: Call, status: int, body: bytes, headers: dict[str, str]) -> None:
            try:
                verdict = service.judge(call, Reply(status, headers, body))
            except ProtocolError:
                assert call.kind == "read", "a write that was answered with nonsense may have happened: retry, in doubt"
                return
            if status >= 300:
                assert verdict.kind != "ok", f"status {status} is not ok"
            assert not (call.kind == "read" and verdict.in_doubt), "a read writes nothing"
            assert verdict.after is None or 0 <= verdict.after < float("inf")

        judged()

    def test_a_write_that_may_have_happened_is_in_doubt(self, stage: Stage) -> None:
        """500, 502 and 504 to a write: it may have been carried out; to a read there is nothing to doubt."""
        _, (write, *_) = next(self._edits(stage))
        for status in (500, 502, 504):
            verdict = stage.service.judge(write, Reply(status, {}, b"<html></html>"))
            assert (verdict.kind, verdict.in_doubt) == ("retry", True), f"{status} to a write"

    def test_the_usual_statuses_mean_what_they_mean(self, stage: Stage) -> None:
        """Too many calls, and credentials that are not taken: the engine must be told."""
        _, (write, *_) = next(self._edits(stage))
        read = stage.service.listing({}).start()[0]
        for call in (write, read):
            verdict = stage.service.judge(call, Reply(429, {"retry-after": "7"}, b""))
            assert (verdict.kind, verdict.after, verdict.in_doubt) == ("throttled", 7.0, False)
            assert stage.service.judge(call, Reply(401, {}, b"")).kind == "expired"

    def _conversation(self, stage: Stage) -> tuple[list[Call], list[bytes]]:
        """The first calls of a load and one of each kind that an edit makes; and what the server says to the former."""
        reads = list(stage.service.listing({}).start())
        edited = [call for _, calls in self._edits(stage) for call in calls]
        calls = [*reads, *{(call.method, *sorted(call.columns)): call for call in edited}.values()]
        with self.open_stage(tasks=5) as few:
            return calls, [few.send(call).body for call in few.service.listing({}).start()]

    def _edits(self, stage: Stage) -> Iterator[tuple[Edit, list[Call]]]:
        """An edit of each column, and one of a task with two."""
        tasks = stage.load()
        rows = self.rows(tasks)
        made = {
            name: Edit(*_of(rows, at, name)) for name, at in self.picks(stage, tasks, tasks.schema.editable).items()
        }
        title, second = self.title(tasks.schema).name, self.second(tasks.schema).name
        first = made[second]
        both = Edit(first.id, first.base, {**first.after, **made[title].after})
        for edit in (*made.values(), both):
            yield edit, list(stage.service.calls(edit, tasks.catalogue))


def _of(rows: Any, at: tuple[str, Any], name: str) -> tuple[str, Any, dict[str, Any]]:
    task, value = at
    return task, rows[task], {name: value}


def _bodies(real: list[bytes]) -> st.SearchStrategy[bytes]:
    """Noise, JSON of any shape, and what the service really said, cut or with a few bytes changed."""

    def spoilt(body: bytes, at: int, noise: bytes) -> bytes:
        at %= len(body) + 1
        return body[:at] + noise + body[at + len(noise) :] if noise else body[:at]

    mangled = st.builds(spoilt, st.sampled_from(real), st.integers(0, 10**6), st.binary(max_size=4))
    return st.binary(max_size=64) | st.builds(lambda v: json.dumps(v).encode(), JSON) | mangled


def _headers() -> st.SearchStrategy[dict[str, str]]:
    names = st.sampled_from(["retry-after", "retry-after-ms", "date", "x-request-id", "content-type"])
    values = st.sampled_from(["0", "-1", "1e999", "soon", "Fri, 02 Jan 2026 09:00:00 GMT"]) | st.text(max_size=10)
    return st.dictionaries(names, values, max_size=3)
