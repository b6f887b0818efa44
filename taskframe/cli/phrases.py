"""What is said of Python, said of commands: errors and previews are worded for both."""

from __future__ import annotations

import re

from taskframe.errors import TaskframeError

_PHRASES = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"plan\.drop_problems\(\)(?=\s+keeps)", "--drop-problems"),
        (r": look at plan\.problems, mend them, or go on without them: plan\.drop_problems\(\)", ": plan it again"),
        (r"pass confirm= with", "pass --confirm with"),
        (r"confirm=(\d+|None) is not", r"--confirm \1 is not"),
        (r" \(confirm=\)", " (--confirm)"),
        (r"report\.resume\(\)(?=\s+(finds|may))", "taskframe resume"),
        (r"report\.retry\(\) or tasks\.plan\(\)", "taskframe retry RUN"),
        (r"conn\.runs\(\) lists them", "`taskframe runs` lists them"),
        (r"load\(…, allow_incomplete=True\)", "--allow-incomplete"),
        (r"load\(limit=…\) wants", "--limit wants"),
        (r'verify="(each|listing|none)"', r"--verify \1"),
        (r"verify='(\w*)'", r"--verify \1"),
        (r"leave verify= out", "leave --verify out"),
        (r"pass token=…(, or client_id=… and client_secret=…)?, or set", "set"),
        (r"pass (\w+)=…, or set", "set"),
        (r"use plan_excel,", "name it .xlsx,"),
        (r"\(a CSV file goes to plan_csv\)", "(a CSV file goes to `taskframe plan`)"),
        (r": open it with tf\.open_tasks", ": it goes to --baseline"),
        (r": open it with tf\.open_plan", ": it goes to `taskframe show` or `taskframe apply`"),
        (r", or name the wanted ones in columns=", ", or name the wanted ones with --columns"),
        (r"(?<![\w.])(key|columns|ids|limit|editable)=(?=['\s:])", r"--\1 "),
        (r"assign conn\.people, or use the id", "name a table with --people, or use the id"),
    )
)


def for_terminal(text: str) -> str:
    """The same, with commands and options in place of Python's calls."""
    for pattern, words in _PHRASES:
        text = pattern.sub(words, text)
    return text


def said(error: BaseException) -> str:
    """An error in one line; and what caused it, when that is an error of ours too."""
    words = str(error)
    cause = error.__cause__
    if isinstance(cause, TaskframeError) and str(cause) not in words:
        words = f"{words}: {cause}"
    return for_terminal(" ".join(words.split()))
