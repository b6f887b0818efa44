"""A lock a live run: held by its process, and gone with it, however it ends."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import filelock

from taskframe.errors import JournalError


class LiveLock:
    """Held while a run is under way. The operating system lets go of it when the process dies."""

    def __init__(self, journal: Path, run: str) -> None:
        self._path = journal.with_name(f"{journal.name}.{run}.live")
        self._lock = filelock.FileLock(self._path, timeout=0, mode=0o600, thread_local=False)

    def take(self) -> bool:
        """Whether nobody else has it; then it is ours. Raises JournalError."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # else the lock would, for all to see
            self._lock.acquire()
        except filelock.Timeout:
            return False
        except (OSError, NotImplementedError) as error:
            raise JournalError(f"{self._path} can't be locked: {error}") from error
        return True

    def drop(self) -> None:
        """Lets go of it."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)  # ahead of the release: nobody takes a lock on a file that is then gone
        with suppress(OSError):
            self._lock.release(force=True)

    @classmethod
    def is_held(cls, journal: Path, run: str) -> bool:
        """Whether the run is under way, in this process or another."""
        lock = cls(journal, run)
        if not lock._path.exists():
            return False
        if not lock.take():
            return True
        lock._lock.release(force=True)
        return False
