"""The mutants that no test is expected to notice: `changes/merge.toml` here has those of `taskframe/changes/merge.py`.

An entry names them by what stays when lines are put in above: the function, the line's text, what is changed in it
(one or several), and, where a line has several that read alike, which of them.

    [[survivor]]
    function = "resolve"
    line = "if not conflicts and edit.after:"
    mutation = "not conflicts: without Not"
    equivalent = true
    why = "a list of conflicts is ..."

`equivalent = true` says that no test could tell the mutant from the code: such a mutant doesn't count. Any other entry
says why the mutant is accepted though it lives, and counts.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mutations import Mutant

FOLDER = Path(__file__).parent
KEYS = {"module", "function", "line", "mutation", "which", "equivalent", "why"}


@dataclass(frozen=True)
class Entry:
    """One entry: the mutants of `words` in a line, all that read so or only the one that `which` tells."""

    module: str
    function: str
    line: str
    words: tuple[str, ...]
    which: int | None
    equivalent: bool
    why: str

    def covers(self, mutant: Mutant) -> bool:
        """Whether the mutant is one of these."""
        return (
            (self.module, self.function, self.line) == (mutant.module, mutant.name, mutant.text)
            and mutant.words in self.words
            and self.which in (None, mutant.which)
        )

    def gone(self, mutants: Iterable[Mutant]) -> list[str]:
        """Those of its mutants that the code doesn't have any more."""
        there = {m.words for m in mutants if self.covers(m)}
        return [f"{self.module} {self.function}: `{self.line}`: {w}" for w in self.words if w not in there]


def entries_of(module: str) -> list[Entry]:
    """The entries for a module; none where it has no file. ValueError for an entry that can't be read."""
    path = FOLDER / Path(module).with_suffix(".toml")
    return list(read(path, module)) if path.exists() else []


def read(path: Path, module: str = "") -> Iterator[Entry]:
    """The entries of one file; where `module` isn't given, each entry names its own."""
    for at, entry in enumerate(tomllib.loads(path.read_text("utf-8")).get("survivor", []), 1):
        place = f"{path.name}, survivor {at}"
        if unknown := set(entry) - KEYS:
            raise ValueError(f"{place}: nothing is known of {sorted(unknown)}, only of {sorted(KEYS)}")
        try:
            words = [entry["mutation"]] if isinstance(entry["mutation"], str) else entry["mutation"]
            keys = module or entry["module"], entry["function"], entry["line"], tuple(words)
        except KeyError as error:
            raise ValueError(f"{place} lacks {error}") from None
        if module and not entry.get("why"):
            raise ValueError(f"{place} lacks its why")
        yield Entry(*keys, entry.get("which"), entry.get("equivalent", False), entry.get("why", ""))


def written(mutant: Mutant) -> str:
    """An entry for a mutant, to be read again or put into a file here, with its why, once it is explained."""
    fields = {"module": mutant.module, "function": mutant.name, "line": mutant.text, "mutation": mutant.words}
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["[[survivor]]", *lines, f"which = {mutant.which}", 'why = ""', "", ""])
