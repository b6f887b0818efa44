"""The sandbox as a command: starts, says where, runs until it is told to stop."""

from __future__ import annotations

import json
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from taskframe.sandbox.box import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def serve(
    *,
    port: int = 0,
    tasks: int = 2_000,
    seed: int = 7,
    as_json: bool = False,
    stream: TextIO | None = None,
    ready: Callable[[Sandbox], object] | None = None,
    **options: Any,
) -> None:
    """Run a sandbox until Ctrl-C or SIGTERM.

    With `as_json` the first line of output is `{"url": …, "settings": {"reload": {"base_url": …, "token": …}}}`.
    `ready` is called ahead of it. `options` are those of `Sandbox`.
    """
    out = sys.stdout if stream is None else stream
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    main = threading.current_thread() is threading.main_thread()
    # The handlers come first: whoever has read our first line may stop us at once.
    before = {s: signal.signal(s, on_signal) for s in (signal.SIGINT, signal.SIGTERM)} if main else {}
    try:
        with Sandbox(port=port, tasks=tasks, seed=seed, **options) as box:
            if ready is not None:
                ready(box)
            print(_first_lines(box, as_json=as_json), file=out, flush=True)
            while not stop.wait(0.5):  # a wait without a limit can't be interrupted on Windows
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first_lines(box: Sandbox, *, as_json: bool) -> str:
    settings = {name: box.settings(name) for name in box.services}
    if as_json:
        return json.dumps({"url": box.url, "settings": settings})
    lines = [f"The sandbox answers at {box.url} until Ctrl-C."]
    for name, needed in settings.items():
        lines += [f"  {name}", *(f"    {key} = {value}" for key, value in needed.items())]
    return "\n".join(lines)
