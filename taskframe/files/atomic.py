"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from taskframe.errors import FileError

PRIVATE = 0o600
SHARED = 0o666  # less what the umask takes away


@contextlib.contextmanager
def written(path: str | os.PathLike[str], mode: int) -> Iterator[BinaryIO]:
    """A binary file to write to; it takes the place of `path` when the block ends well, and is gone otherwise.

    A link is followed; a device or a pipe (`/dev/stdout`) is written to as it is. Raises FileError.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir():
            raise FileError(f"{path} is a folder: name a file in it")
        if target.exists() and not target.is_file():
            with target.open("wb") as pipe:
                yield pipe
            return
        beside = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"{path} can't be written: {error.strerror or error}") from error


def opened(path: str | os.PathLike[str], most: int, what: str) -> BinaryIO:
    """`path` opened for reading, when it is a file of at most `most` bytes. Raises FileError."""
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - the caller closes it
    except FileNotFoundError as error:
        raise FileError(f"there is no file {path} (looked in {Path(path).absolute().parent})") from error
    except OSError as error:
        raise FileError(f"{path} can't be read: {error.strerror or error}") from error
    if not file.seekable():
        file.close()
        raise FileError(f"{path} is a pipe, which can be read only once: save it to a file first")
    size = os.fstat(file.fileno()).st_size
    if size > most:
        file.close()
        raise FileError(f"{path} has {size:,} bytes, more than the {most:,} that {what} may have: split it")
    return file
