"""Applying a plan, from `plan.apply()` to the report, beside what one would write by hand."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import taskframe as tf
from tests.benchmarks import peers
from tests.benchmarks.harness import (
    Goal,
    Line,
    Measured,
    Rounds,
    Size,
    check,
    in_process,
    installation,
    interleaved,
)
from tests.benchmarks.serving import CLIENT, NO_SERVER, Server, edited, serving

_WIDTH = 64


@dataclass(frozen=True)
class _Peer:
    """Who does the same: `times` faster, at least, ours is to be. `most`: calls that are enough to tell."""

    what: str
    send: Callable[[peers.Order], None]
    needs: str
    times: float
    most: int = 20_000
    width: int = _WIDTH


_DEFAULT = (
    _Peer("64 coroutines on httpx-aiohttp", peers.bare_httpx_aiohttp, "httpx_aiohttp", 0.85),
    _Peer("stock httpx.AsyncClient", peers.stock_httpx, "httpx", 5, 2_000),
    _Peer("requests.Session, one by one", peers.requests_session, "requests", 2, 2_000, 1),
)
_FAST = (
    _Peer("64 coroutines on pyreqwest", peers.bare_pyreqwest, "pyreqwest", 0.7),
    _Peer("stock httpx.AsyncClient", peers.stock_httpx, "httpx", 20, 2_000),
    _Peer("reload-sdk's async client", peers.reload_sdk, "reload", 10, 2_000),
)


def lines(size: Size) -> Iterator[Line]:
    """Beside peers; on a slow and on a limited service; memory and growth."""
    with serving() as server:
        if server is None:
            yield _nothing("apply", NO_SERVER)
        else:
            yield from _beside(server, size)
            yield _memory(server, size)
            yield _growth(server, size)
    yield _slow(size)
    yield _limited(size)


def _nothing(what: str, why: str, goal: Goal | None = None) -> Line:
    return Line(what, "updates", "µs a call", None, None, None, goal, note=why)


# beside others


def _ours(tasks: tf.TaskFrame) -> dict[str, int]:
    """What is measured: the journal is on, and so is the bar; all is committed when it returns."""
    plan = tasks.plan()
    return plan.apply(confirm=len(plan)).counts


@dataclass(frozen=True)
class _Planned:
    tasks: tf.TaskFrame
    plan: tf.Plan


def _planned(url: str, rows: int, width: int = _WIDTH) -> _Planned:
    tasks = edited(url, rows, width)
    return _Planned(tasks, tasks.plan())


def _apply(held: _Planned) -> tuple[dict[str, int], int]:
    report = held.plan.apply(confirm=len(held.plan))
    return report.counts, report.calls


def _beside(server: Server, size: Size) -> Iterator[Line]:
    fast = installation() == "fast"
    wanted = {peer.what: peer for peer in (*_DEFAULT, *(_FAST if fast else ()))}
    there = {what: peer for what, peer in wanted.items() if find_spec(peer.needs)}
    calls = size.pick(20_000, 200)
    cpu: dict[str, list[float]] = {}
    server_cpu: list[float] = []

    def ours() -> float:
        found = in_process(_apply, server.url, calls, holding=_planned, core=CLIENT)
        counts, sent = found.result
        check(counts == {"applied": calls}, f"the report says {counts}")
        server_cpu.append(server.check(calls, sent) / calls)
        return _each("ours", found, calls, cpu)

    def theirs(peer: _Peer) -> Callable[[], float]:
        number = min(calls, peer.most)

        def run() -> float:
            found = in_process(peer.send, server.url, number, peer.width, holding=peers.order, core=CLIENT)
            server.check(number, number)
            return _each(peer.what, found, number, cpu)

        return run

    sides: dict[str, Callable[[], float]] = {"ours": ours, **{what: theirs(peer) for what, peer in there.items()}}
    rounds = interleaved(sides, size.pick(5, 1))
    for kind, group in (("apply, default", _DEFAULT), ("apply, fast lane", _FAST)):
        for peer in group:
            what, goal = f"{kind}: {peer.what}", Goal("least", peer.times)
            if group is _FAST and not fast:
                yield _nothing(what, "not measured: taskframe[fast] is not installed", goal)
            elif peer.what not in there:
                yield _nothing(what, f"not measured: {peer.needs} is not installed", goal)
            else:
                yield _line(what, peer, rounds, cpu, calls, statistics.median(server_cpu), goal)


def _each(side: str, found: Measured, calls: int, cpu: dict[str, list[float]]) -> float:
    cpu.setdefault(side, []).append(found.cpu / calls)
    return found.seconds / calls


def _line(
    what: str, peer: _Peer, rounds: Rounds, cpu: Mapping[str, list[float]], calls: int, server: float, goal: Goal
) -> Line:
    found = rounds.ratio(peer.what, "ours")
    ours, theirs = (1e6 * statistics.median(cpu[side]) for side in ("ours", peer.what))
    return Line(
        what,
        f"{calls:,} updates over aiohttp, 64 at once, journal and bar on, commits included"
        + (f"; theirs {min(calls, peer.most):,}" if peer.most < calls else ""),
        "µs a call",
        1e6 * rounds.median("ours"),
        1e6 * rounds.median(peer.what),
        found.median,
        goal,
        found.low,
        found.high,
        note=f"CPU a call: ours {ours:.0f} µs, theirs {theirs:.0f} µs; the server {1e6 * server:.0f} µs"
        + ("" if peer in _DEFAULT else ". `taskframe[fast]` brings no transport of its own: ours is the default one"),
    )


# what the service allows


def _slow(size: Size) -> Line:
    calls, width, delay = size.pick(2_000, 64), 32, 0.05
    what, goal = "apply, slow service", Goal("least", 0.95)
    with serving(delay_ms=round(1000 * delay)) as server:
        if server is None:
            return _nothing(what, NO_SERVER, goal)

        def run() -> float:
            found = in_process(_apply, server.url, calls, width, holding=_planned, core=CLIENT)
            check(found.result[0] == {"applied": calls}, f"the report says {found.result[0]}")
            server.check(calls, found.result[1])
            return found.seconds

        rounds = interleaved({"ours": run, "allowed": lambda: calls / width * delay}, size.pick(5, 1))
    found = rounds.ratio("allowed", "ours")
    return Line(
        what, f"{calls:,} updates of 50 ms, {width} at once; beside {width} ÷ 50 ms", "calls/s",
        calls / rounds.median("ours"), calls / rounds.median("allowed"), found.median, goal, found.low, found.high,
    )  # fmt: skip


def _limited(size: Size) -> Line:
    """The share of the limit that was used, over the whole windows between the first call and the last."""
    allowed, windows = size.pick(600, 60), size.pick(10, 2)
    runs = [_used(allowed, allowed * windows, size.pick(15, 40)) for _ in range(size.pick(2, 1))]
    used = [share for share, _ in runs]
    over = sum(more for _, more in runs)
    check(not over, f"{over} calls were over the limit")
    return Line(
        "apply, limited", f"{allowed * windows:,} updates at {allowed} a minute, on a fast clock", "calls a minute",
        allowed * statistics.median(used), allowed, statistics.median(used), Goal("least", 0.97), min(used), max(used),
        note="0 calls over the limit",
    )  # fmt: skip


def _used(allowed: int, tasks: int, factor: float) -> tuple[float, int]:
    from tests.apply.apply_stage import UPDATE, Stage

    stage = Stage(tasks=tasks, factor=factor)
    try:
        stage.reload.limits = [(allowed, 60, "hidden")]
        frame = stage.edited(rate=[tf.Limit(allowed, per=60)])
        asyncio.run(stage.clock.sleep(60))  # what the load used of its minute is no matter of the apply
        counts = stage.apply(frame).counts
        check(counts == {"applied": tasks}, f"the report says {counts}")
        records = stage.box.log.calls("reload", UPDATE)
        at = [record.at for record in records]
        whole = int((at[-1] - at[0]) // 60)
        check(whole >= tasks // allowed - 1, "it was over before the limit allows")
        over = sum(record.status == 429 for record in records)
        over += sum(later - first < 60 for first, later in zip(at, at[allowed:], strict=False))
        return sum(t < at[0] + whole * 60 for t in at) / (allowed * whole), over
    finally:
        stage.close()


# memory and growth


def _memory(server: Server, size: Size) -> Line:
    rows = size.pick(100_000, 500)
    goal = Goal("most", 1.5)

    def run() -> float:
        found = in_process(_ours, server.url, rows, holding=edited, core=CLIENT)
        check(found.result == {"applied": rows}, f"the report says {found.result}")
        server.check(rows, rows)
        return found.above_mb * 1e3 / rows

    rounds = interleaved({"ours": run}, size.pick(2, 1))
    return Line(
        "apply, memory", f"{rows:,} tasks × 1 cell: plan, apply, report; above the frames", "kB a task",
        rounds.median("ours"), None, rounds.median("ours"), goal, rounds.low("ours"), rounds.high("ours"),
        ratio_unit="kB a task",
    )  # fmt: skip


def _growth(server: Server, size: Size) -> Line:
    steps = [size.pick(10_000, 100), size.pick(100_000, 200), size.pick(300_000, 400)]

    def of(rows: int) -> Callable[[], float]:
        def run() -> float:
            found = in_process(_apply, server.url, rows, holding=_planned, core=CLIENT)
            check(found.result[0] == {"applied": rows}, f"the report says {found.result[0]}")
            server.check(rows, found.result[1])
            return found.seconds / rows

        return run

    rounds = interleaved({str(rows): of(rows) for rows in steps}, size.pick(2, 1))
    low, middle, top = map(str, steps)
    found = rounds.ratio(top, middle)
    return Line(
        "apply, growth", f"a task's time of {steps[2]:,}, beside one of {steps[1]:,}", "µs a task",
        1e6 * rounds.median(top), 1e6 * rounds.median(middle), found.median, Goal("most", 1.25), found.low, found.high,
        note=f"of {steps[0]:,}: {1e6 * rounds.median(low):.0f} µs a task",
    )  # fmt: skip
