"""Saved frames and plans: gzip-compressed JSON with a version and a checksum.

    {"format": "taskframe.plan", "version": 1, "taskframe": "0.1.0", "checksum": "sha256:…", "payload": {…}}

The checksum is that of the payload's bytes as they stand in the file. It finds damage, not malice: whoever can write
the file can write the checksum too, so what is read is checked as any input is.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Literal

import msgspec

from taskframe._version import __version__
from taskframe.errors import FileError, SettingsError, TaskframeError
from taskframe.files.atomic import PRIVATE, opened, written
from taskframe.files.columns import changes_payload, frame_payload, payload_changes, payload_frame

__all__ = [
    "changes_payload", "frame_payload", "making_sense", "payload_changes", "payload_frame",
    "read_document", "write_document",
]  # fmt: skip

Kind = Literal["tasks", "plan"]

VERSION = 1
MOST_BYTES = 4 << 30
"""How many bytes a file may unpack to."""
MOST_PACKED = 5 << 30
_MOST_RATIO = 100
_FREE_RATIO = 64 << 20  # a small file may unpack to this much, whatever its ratio
_PIECE = 1 << 20
_PAYLOAD = b',"payload":'
_WORDS = {"tasks": ("saved tasks", "open_tasks"), "plan": ("a plan", "open_plan")}


class _Envelope(msgspec.Struct):
    format: str
    version: int
    taskframe: str = "?"
    checksum: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")


@contextmanager
def making_sense(path: str | os.PathLike[str]) -> Iterator[None]:
    """Around what is made of a document: a part that is missing, or of another shape, is FileError too.

    Those that don't name the file do so from here on.
    """
    try:
        yield
    except (FileError, SettingsError) as error:
        if os.fspath(path) in str(error):
            raise
        raise type(error)(f"{os.fspath(path)}: {error}") from error
    except TaskframeError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        words = f"{os.fspath(path)}: what it holds makes no sense ({type(error).__name__}: {error}): save it again"
        raise FileError(words) from None


def write_document(path: str | os.PathLike[str], kind: Kind, payload: dict[str, Any]) -> None:
    """Writes `payload` (plain JSON) to a file that only its owner can read, whole or not at all. Raises FileError."""
    body = _encoded(payload)
    head = {
        "format": f"taskframe.{kind}",
        "version": VERSION,
        "taskframe": __version__,
        "checksum": _checksum(body),
    }
    pieces = (msgspec.json.encode(head)[:-1] + _PAYLOAD, body, b"}")
    size = sum(map(len, pieces))
    if size > MOST_BYTES:
        raise FileError(f"{path} would have {size:,} bytes, more than the {MOST_BYTES:,} that can be opened again")
    with written(path, PRIVATE) as file:
        _pack(file, pieces, 1)
        if size > _bound(file.tell()):  # so dense that it would look like a bomb
            file.seek(0)
            file.truncate()
            _pack(file, pieces, 0)


def _pack(file: BinaryIO, pieces: Sequence[bytes], level: int) -> None:
    with gzip.GzipFile("", "wb", compresslevel=level, fileobj=file, mtime=0) as packed:
        for piece in pieces:
            for start in range(0, len(piece), _PIECE):
                packed.write(memoryview(piece)[start : start + _PIECE])


def _bound(packed: int) -> int:
    """How many bytes a file of `packed` bytes may unpack to."""
    return min(MOST_BYTES, max(_FREE_RATIO, _MOST_RATIO * packed))


def _encoded(payload: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(payload)
    except UnicodeEncodeError:  # half a surrogate pair, which only \u can say
        return json.dumps(payload, separators=(",", ":"), allow_nan=False).encode("ascii")


def _checksum(body: bytes | memoryview) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def read_document(path: str | os.PathLike[str], kind: Kind, *, most: int = MOST_BYTES) -> dict[str, Any]:
    """The payload of a file that `write_document` wrote. `most` is how many bytes it may unpack to.

    Raises FileError when there is no such file, when it is none of ours, of another kind, cut, altered, too large, or
    made by a newer taskframe.
    """
    what, _ = _WORDS[kind]
    with opened(path, MOST_PACKED, what) as file:
        data = _unpacked(path, file, what, most)
    try:
        found = _opened(data)
    except (ValueError, RecursionError):
        raise _not_ours(path, what) from None
    if found.format != f"taskframe.{kind}":
        other = next((w for k, w in _WORDS.items() if found.format == f"taskframe.{k}"), None)
        if other is None:
            raise _not_ours(path, what)
        raise FileError(f"{path} is {other[0]}, not {what}: open it with tf.{other[1]}")
    if found.version > VERSION:
        raise FileError(
            f"{path} was made by a newer taskframe ({found.taskframe[:40]}; this is {__version__}): "
            "pip install --upgrade taskframe"
        )
    if found.version < 1:
        raise _not_ours(path, what)
    body = memoryview(found.payload)
    if found.checksum != _checksum(body):
        raise _altered(path, "its checksum does not fit")
    try:
        payload = _decoded(body)
    except (ValueError, RecursionError):
        raise _altered(path, "it does not hold JSON") from None
    if not isinstance(payload, dict):
        raise _altered(path, "it holds no JSON object")
    return payload


def _opened(data: bytearray) -> _Envelope:
    try:
        return msgspec.json.decode(data, type=_Envelope)
    except (msgspec.DecodeError, RecursionError):
        head, marker, rest = data.partition(_PAYLOAD)
        if not marker:
            raise
        found = msgspec.json.decode(head + b"}", type=_Envelope)
        found.payload = msgspec.Raw(bytes(rest[:-1]))
        return found


def _decoded(body: memoryview) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:  # half a surrogate pair: see _encoded
        return json.loads(bytes(body))


def _unpacked(path: str | os.PathLike[str], file: BinaryIO, what: str, most: int) -> bytearray:
    """The bytes of a gzip file, never more than `most`, nor than a document of its size can have."""
    size = os.fstat(file.fileno()).st_size
    most = min(most, _bound(size))
    data, unpacker = bytearray(), zlib.decompressobj(wbits=31)
    if file.read(2) != b"\x1f\x8b":
        raise _not_ours(path, what)
    file.seek(0)
    while not unpacker.eof:
        packed = unpacker.unconsumed_tail or file.read(_PIECE)
        try:
            piece = unpacker.decompress(packed, 16 * _PIECE)
        except zlib.error as error:
            raise _altered(path, "it can't be unpacked") from error
        if not packed and not piece:
            raise FileError(f"{path} is cut: its end is missing. Copy it again, or save it again where it was made")
        data += piece
        if len(data) > most:
            raise FileError(
                f"{path} unpacks to more than {most:,} bytes, which {what} of {size:,} bytes can't: it is not opened"
            )
    if unpacker.unused_data or file.read(1):
        raise _altered(path, "something follows its end")
    return data


def _not_ours(path: str | os.PathLike[str], what: str) -> FileError:
    return FileError(f"{path} is not {what} that taskframe wrote (a CSV file goes to plan_csv)")


def _altered(path: str | os.PathLike[str], how: str) -> FileError:
    return FileError(
        f"{path} was altered or damaged ({how}): copy it again, or save it again where it was made. taskframe's files "
        "can't be edited by hand"
    )
