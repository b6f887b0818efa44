"""Everything taskframe raises.

    TaskframeError
    ├── SettingsError      (ValueError)        a setting, option or filter that can't be right
    ├── AuthError          (PermissionError)   the service does not take these credentials
    ├── ServiceError       (RuntimeError)      the service refused or failed: status, code, request id
    │   └── ProtocolError                      a reply that makes no sense
    ├── IncompleteLoad     (RuntimeError)      a list that is, or may be, cut
    ├── FrameError         (ValueError)        a DataFrame that can't be a baseline
    ├── PlanError          (ValueError)        a plan that must not be applied as it is
    │   └── ConfirmationNeeded                 a plan so large that it wants a number
    ├── FileError          (ValueError)        a file that can't be read or written
    ├── JournalError       (OSError)           a journal that can't be used, or a run in it
    ├── ClosedError        (RuntimeError)      a connection used after close()
    ├── MissingExtra       (ImportError)       an optional part that is not installed
    └── ApplyInterrupted   (KeyboardInterrupt) an apply that was stopped; carries its report

Each is also a builtin, so that code which knows nothing of taskframe can catch it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taskframe.report import Report


class TaskframeError(Exception):
    """The root of all errors of taskframe."""


class SettingsError(TaskframeError, ValueError):
    """A setting, option, service or filter that can't be right; nothing was sent."""


class AuthError(TaskframeError, PermissionError):
    """The service does not take the credentials."""


class ServiceError(TaskframeError, RuntimeError):
    """The service refused a call or failed to answer it.

    `status_code` is the HTTP status (None when no reply came), `code` the service's own error code,
    `request_id` what to quote to its support.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.request_id = request_id


class ProtocolError(ServiceError):
    """A reply that does not make sense: not JSON, another shape, another task than asked for."""


class IncompleteLoad(TaskframeError, RuntimeError):
    """A list that is cut, or can't be proven whole. `gaps` names the parts, `loaded` counts what was found."""

    def __init__(self, message: str, *, gaps: Sequence[str] = (), loaded: int = 0) -> None:
        super().__init__(message)
        self.gaps = tuple(gaps)
        self.loaded = loaded


class FrameError(TaskframeError, ValueError):
    """A DataFrame that can't serve as a baseline."""


class PlanError(TaskframeError, ValueError):
    """A plan that must not be applied as it is: problems left, stale, made elsewhere, applied before."""


class ConfirmationNeeded(PlanError):
    """A plan that touches so much that `apply` wants the number of tasks, as the preview shows it."""


class FileError(TaskframeError, ValueError):
    """A file that can't be read or written as asked; names the file and, where it can, the line."""


class JournalError(TaskframeError, OSError):
    """A journal that can't be read or written, or a run in it that can't be gone on with."""


class ClosedError(TaskframeError, RuntimeError):
    """A connection (or a sandbox) that was used after it was closed."""


class MissingExtra(TaskframeError, ImportError):
    """An optional part of taskframe that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f'{what} needs an optional part of taskframe: pip install "taskframe[{extra}]"')
        self.extra = extra


class ApplyInterrupted(TaskframeError, KeyboardInterrupt):
    """An apply that was stopped half-way. `report` has an outcome for every planned task."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


def did_you_mean(word: object, known: Iterable[object], *, most: int = 3) -> str:
    """` Did you mean 'status'?`, or nothing when no known word is near."""
    import difflib

    words = {str(k).casefold(): str(k) for k in known}
    near = difflib.get_close_matches(str(word).casefold(), list(words), n=most, cutoff=0.6)
    return f" Did you mean {' or '.join(repr(words[n]) for n in near)}?" if near else ""
