"""The process whose children are killed: all that they need is imported there, once, so that each costs milliseconds.

Run as a script it forks a child for each request on its standard input, which is a socket. With the request come the
child's standard input, output and errors, and a pipe that tells its pid and, once it is gone, its exit code.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable

PIPES = 4


class Nest:
    """The nest, as those have it who want children; there when the first one is wanted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: socket.socket | None = None

    def hatch(self) -> list[int]:
        """A new child: where to write its standard input, and where to read its output, its errors and its end."""
        pipes = [os.pipe() for _ in range(PIPES)]
        theirs = [pipes[0][0], *(write for _, write in pipes[1:])]
        with self._lock:
            if self._requests is None:
                self._requests = self._open()
            socket.send_fds(self._requests, [b"!"], theirs)
        for pipe in theirs:
            os.close(pipe)
        return [pipes[0][1], *(read for read, _ in pipes[1:])]

    @staticmethod
    def _open() -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            quiet = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # who forks has one thread
            process = subprocess.Popen([sys.executable, __file__], stdin=theirs.fileno(), env=quiet)

        def close() -> None:
            ours.close()
            process.wait()

        atexit.register(close)
        return ours


def serve(work: Callable[[], None]) -> None:
    """Forks for each request, until nobody is left who could ask."""
    with socket.socket(fileno=os.dup(0)) as requests:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers may end when they like
        while True:
            asked, pipes, _, _ = socket.recv_fds(requests, 1, PIPES)
            if not asked:
                return
            if os.fork() == 0:
                requests.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _keep(pipes, work)
            for pipe in pipes:
                os.close(pipe)


def _keep(pipes: list[int], work: Callable[[], None]) -> None:
    """The child's keeper: it tells who the child is, and how it ended."""
    end = pipes[-1]
    child = os.fork()
    if child == 0:
        os.close(end)
        for number, pipe in enumerate(pipes[:-1]):
            os.dup2(pipe, number)
            os.close(pipe)
        _live(work)
    for number in range(3):
        os.close(number)
    for pipe in pipes[:-1]:
        os.close(pipe)
    os.write(end, f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    os.write(end, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _live(work: Callable[[], None]) -> None:
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    import kill_child

    serve(kill_child.main)
