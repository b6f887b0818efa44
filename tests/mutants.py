"""Mutation testing: changes one thing in a function, and looks whether a test notices. `make mutants`.

    python tests/mutants.py changes/merge.py changes/diff.py tests/changes tests/frame --jobs 2
    python tests/mutants.py changes/diff.py@8 tests/changes              # one mutant in eight, to find one's way
    python tests/mutants.py changes/diff.py tests/changes --write left.toml   # what survived and isn't explained
    python tests/mutants.py changes/diff.py tests/changes --only left.toml    # only these once more

The tests are collected once. A first run of them, in a process of its own, tells which test runs which line, and how
long it takes. Then each mutant gets a forked process, in which the function's code is exchanged where it is, and only
the tests that run its line, the quickest first, until one fails.

Time is counted in seconds of the processor, so that a busy machine makes no difference. A mutant that never ends, or
that ended its process, is tried once more with nothing else at hand, and counts as killed only if that comes of it
again while the same test passes without the mutant.

`tests/survivors` explains what survives. The exit code is 1 when less than 90 % of a module's mutants are killed, those
that are equivalent left out, when a survivor is explained that the code doesn't have any more, or that was killed.
"""

from __future__ import annotations

import argparse
import ast
import gc
import hashlib
import importlib
import os
import pickle
import pkgutil
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from mutations import PACKAGE, Mutant, mutants_of
from survivors.explained import Entry, entries_of, read, written

ENOUGH = 0.9
EXAMPLES = 12
"""Of each property; a mutant that survives them is rarely found by more."""
PATIENCE = 10
"""How many times longer than without a mutant a test may take, and as many seconds more."""
MEMORY = 4 << 30
"""Bytes that a mutant may take beyond what is there already."""
ENDED = {0: "survived", 1: "killed", 2: "no mutant", 3: "given up"}


def put_in(mutant: Mutant) -> None:
    """Exchanges the function's code, wherever the function was imported to by now."""
    module = importlib.import_module("taskframe." + mutant.module.removesuffix(".py").replace("/", "."))
    tree = mutant.make()
    if not mutant.name:
        line = next(s for s in tree.body if s.lineno <= mutant.line <= (s.end_lineno or 0))
        exec(compile(ast.Module([line], []), module.__file__ or "", "exec"), module.__dict__)
        return
    code: CodeType = compile(tree, module.__file__ or "", "exec")
    for part in mutant.name.split("."):
        code = next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == part)
    _function(module, mutant.name).__code__ = code


def _function(module: ModuleType, name: str) -> FunctionType:
    found: Any = module
    for part in name.split("."):
        found = found.__dict__[part]
    found = getattr(found, "fget", None) or getattr(found, "func", None) or getattr(found, "__func__", None) or found
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    return found


@dataclass
class Trial:
    """A process that tries a mutant: what it tells by `pipe` is the test that it is at."""

    pid: int
    pipe: int
    home: str
    patience: Callable[[str], float]
    mutant: Mutant | None = None
    told: bytes = b""
    until: float = 0

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.patience("")

    def ended(self) -> str | None:
        """What came of it; None while it runs."""
        while select.select([self.pipe], [], [], 0)[0] and (more := os.read(self.pipe, 1 << 16)):
            self.told += more
            self.until = time.monotonic() + self.patience(self.last)
        done, status = os.waitpid(self.pid, os.WNOHANG)
        if not done and time.monotonic() < self.until:
            return None
        with suppress(ProcessLookupError):  # and what it started, too
            os.killpg(self.pid, signal.SIGKILL)
        if not done:
            os.waitpid(self.pid, 0)
        while more := os.read(self.pipe, 1 << 16):
            self.told += more
        os.close(self.pipe)
        shutil.rmtree(self.home, ignore_errors=True)
        code = os.waitstatus_to_exitcode(status) if done else -signal.SIGPROF
        return ENDED.get(code, "endless" if code == -signal.SIGPROF else "crashed")

    @property
    def last(self) -> str:
        """The test that it was at in the end."""
        return self.told.decode().rstrip("\n").rpartition("\n")[2]


@dataclass
class Hunt:
    """The plugin that runs the tests for each mutant in place of once."""

    mutants: list[Mutant]
    seconds: float
    jobs: int
    write: Path | None = None
    covered: Path | None = None
    explained: list[Entry] = field(default_factory=list)
    results: list[tuple[Mutant, str]] = field(default_factory=list)
    _failed: bool = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remembers that something failed."""
        self._failed |= report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Runs the tests of each mutant."""
        for item in session.items:
            _hasten(item)
        _import_all()
        gc.collect()
        gc.freeze()  # else a collection in a child touches, and so copies, all that was there before
        self._items = {item.nodeid: item for item in session.items}
        with tempfile.TemporaryDirectory() as folder:
            known = Path(folder, "covered")
            _result(self._fork(lambda _: self._cover(known), lambda _: 7200))
            self._lines, self._took, self._broken = pickle.loads(known.read_bytes())
        took = sum(self._took.values())
        print(f"{len(session.items)} tests in {took:.0f} s; out, as they fail by themselves: {sorted(self._broken)}")
        if self.write:
            self.write.write_text("")
        self._try_all()
        return True

    def _try_all(self) -> None:
        killers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        running: list[Trial] = []
        doubtful: list[tuple[Mutant, str, str]] = []
        waiting = self.mutants[::-1]
        while waiting or running:
            while waiting and len(running) < self.jobs:
                mutant = waiting.pop()
                names = self._tests_of(mutant, killers[mutant.module, mutant.name])
                if names:
                    running.append(self._start(mutant, names))
                else:
                    self._note(mutant, "uncovered")
            for trial in running[:]:
                result = trial.ended()
                if result is None:
                    continue
                running.remove(trial)
                mutant = trial.mutant
                if result in ("endless", "crashed"):
                    doubtful.append((mutant, result, trial.last))
                else:
                    if result == "killed":
                        killers[mutant.module, mutant.name][trial.last] += 1
                    self._note(mutant, result)
            time.sleep(0.005)
        for mutant, result, test in doubtful:
            again = _result(self._start(mutant, [test], 3))
            without = _result(self._start(None, [test], 3))
            sure = again == "killed" or (again == result and without == "survived")
            self._note(mutant, (again if again == "killed" else result) if sure else f"{result}?")

    def _tests_of(self, mutant: Mutant, before: Counter[str]) -> list[str]:
        those = self._lines[mutant.module] if not mutant.name else self._lines[mutant.module, mutant.line]
        return _in_turn(sorted(those - self._broken), self._took, before)

    def _note(self, mutant: Mutant, result: str) -> None:
        self.results.append((mutant, result))
        if not len(self.results) % 100:
            print(f"… {len(self.results)} of {len(self.mutants)}", flush=True)
        if result in KILLED or any(e.covers(mutant) for e in self.explained):
            return
        print(f"{result:9} {mutant.module}:{mutant.line} {mutant.name}: {mutant.words}  | {mutant.text}", flush=True)
        if self.write:
            with self.write.open("a", encoding="utf-8") as file:
                file.write(written(mutant))

    def _start(self, mutant: Mutant | None, names: list[str], patience: float = 1) -> Trial:
        items = [self._items[n] for n in names]

        def run(pipe: int) -> int:
            _, most = resource.getrlimit(resource.RLIMIT_AS)
            pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
            if pages:
                resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, most))
            try:
                if mutant:
                    put_in(mutant)
            except Exception as error:
                if mutant and not mutant.name:
                    return 1  # the module would not even be imported
                print(mutant.module, mutant.line, mutant.words, repr(error), file=sys.__stderr__)
                return 2
            start = time.process_time()
            for item in items:
                if time.process_time() - start > self.seconds * patience:
                    return 3
                os.write(pipe, item.nodeid.encode() + b"\n")
                # The system ends a test that never ends, wherever it is: SIGPROF, by the time of the processor.
                signal.setitimer(signal.ITIMER_PROF, patience * PATIENCE * (self._took[item.nodeid] + 1))
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                if self._failed:
                    return 1
            return 0

        # By the clock only for what waits for ever, which needs no time of the processor.
        return self._fork(run, lambda test: patience * (120 + PATIENCE * PATIENCE * self._took.get(test, 0)), mutant)

    def _cover(self, known: Path) -> int:
        modules = sorted({m.module for m in self.mutants})
        files = {str(PACKAGE / m): m for m in modules}
        states = {m.module: (m.module, _hash(text=ast.dump(m.tree, include_attributes=True))) for m in self.mutants}
        kept: dict[Any, Any] = pickle.loads(self.covered.read_bytes()) if self.covered and self.covered.exists() else {}
        now: dict[str, dict[Any, Any]] = {}
        seen: set[tuple[str, int]] = set()

        def on_line(frame: FrameType, event: str, _: object) -> Any:
            if event == "line":
                seen.add((files[frame.f_code.co_filename], frame.f_lineno))
            return on_line

        def on_call(frame: FrameType, event: str, _: object) -> Any:
            return on_line if frame.f_code.co_filename in files else None

        threading.settrace(on_call)
        for name, item in self._items.items():
            key = name, _hash(item.path, *item.path.parent.glob("[!t]*.py"))
            now[name] = kept.setdefault(key, {})
            if all(state in now[name] for state in states.values()) and not now[name]["failed"]:
                continue
            seen.clear()
            self._failed = False
            sys.settrace(on_call)
            start = time.perf_counter()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            sys.settrace(None)
            now[name] |= {"took": time.perf_counter() - start, "failed": self._failed}
            now[name] |= {state: {line for m, line in seen if m == module} for module, state in states.items()}
        if self.covered:
            self.covered.write_bytes(pickle.dumps(kept))
        lines: dict[Any, set[str]] = defaultdict(set)
        for name, found in now.items():
            for module, state in states.items():
                for line in found[state]:
                    lines[module, line].add(name)
                    lines[module].add(name)
        took = {name: found["took"] for name, found in now.items()}
        broken = {name for name, found in now.items() if found["failed"]}
        known.write_bytes(pickle.dumps((_spread(lines, {m.module: m.tree for m in self.mutants}), took, broken)))
        return 0

    def _fork(self, run: Callable[[int], int], patience: Callable[[str], float], mutant: Mutant | None = None) -> Trial:
        home = tempfile.mkdtemp(prefix="mutant-")
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid:
            os.close(write_end)
            return Trial(pid, read_end, home, patience, mutant)
        code = 99
        try:
            os.setsid()
            os.close(read_end)
            os.chdir(home)  # a mutant may write anywhere, but for the repository if it can be helped
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            for item in self._items.values():  # a folder of its own: nobody else's journal, nothing left for the next
                item.config._tmp_path_factory._basetemp = Path(home).resolve()
                break
            code = run(write_end)
        finally:
            os._exit(code)


def _import_all() -> None:
    """The whole package, before the first fork: what a child imports later may have been edited meanwhile."""
    for module in pkgutil.walk_packages([str(PACKAGE)], "taskframe."):
        if not module.name.endswith("__main__"):
            with suppress(ImportError):  # an extra that isn't installed here
                importlib.import_module(module.name)


@lru_cache
def _hash(*paths: Path, text: str = "") -> str:
    return hashlib.sha256(b"\0".join([text.encode(), *(p.read_bytes() for p in sorted(paths))])).hexdigest()


KILLED = ("killed", "endless", "crashed")


def _result(trial: Trial) -> str:
    while (result := trial.ended()) is None:
        time.sleep(0.01)
    return result


def _in_turn(names: list[str], took: dict[str, float], killers: Counter[str]) -> list[str]:
    """First what killed another mutant of the function, then the quickest; of the cases of one test, some wait."""
    cases: Counter[str] = Counter()
    keys = {}
    for name in sorted(names, key=took.__getitem__):
        test = name.partition("[")[0]
        cases[test] += 1
        keys[name] = -killers[name], took[name] * cases[test]
    return sorted(names, key=keys.__getitem__)


def _spread(lines: Any, trees: dict[str, ast.Module]) -> Any:
    """A statement of several lines is run when one of them is."""
    for module, tree in trees.items():
        for node in ast.walk(tree):
            body = isinstance(node, ast.stmt) and not hasattr(node, "body")
            if body or isinstance(node, ast.expr):
                span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                if len(span) > 1 and body:
                    whole = set().union(*(lines[module, n] for n in span))
                    for n in span:
                        lines[module, n] |= whole
            elif isinstance(node, ast.If | ast.While):
                span = range(node.lineno, (node.test.end_lineno or node.lineno) + 1)
                whole = set().union(*(lines[module, n] for n in span))
                for n in span:
                    lines[module, n] |= whole
    return defaultdict(set, lines)


def _hasten(item: pytest.Item) -> None:
    """Fewer examples, always the same, no shrinking, no clock: it is enough that a test fails by what it tests."""
    test = getattr(item, "obj", None)
    given = getattr(test, "_hypothesis_internal_use_settings", None)
    if given is not None:
        import hypothesis

        test._hypothesis_internal_use_settings = hypothesis.settings(
            given,
            max_examples=min(EXAMPLES, given.max_examples),
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        )


def told(module: str, mutants: list[Mutant], explained: list[Entry], results: list[tuple[Mutant, str]]) -> list[str]:
    """Prints what came of a module's mutants; gives what is wrong, but for too small a share."""
    counts = Counter(result for mutant, result in results if mutant.module == module)
    living = [m for m, result in results if m.module == module and result not in KILLED]
    same = [m for m in living if any(e.equivalent and e.covers(m) for e in explained)]
    kept = [m for m in living if m not in same and any(e.covers(m) for e in explained)]
    tried = sum(counts.values())
    killed = tried - len(living)
    print(f"\n{module}: {len(mutants)} mutants, {tried} tried: {dict(counts)}")
    left = len(living) - len(same) - len(kept)
    print(f"  killed {killed}, equivalent {len(same)}, accepted {len(kept)}, not explained {left}")
    if "--only" not in sys.argv:
        print(f"  share {_share(killed, tried - len(same)):.1%} (raw {_share(killed, tried):.1%})")
    for entry in explained:
        lives = [m for m in living if entry.covers(m)]
        if lives:
            kind = "equivalent" if entry.equivalent else "accepted"
            print(f"  {kind} {lives[0].line} {entry.function}: {'; '.join(m.words for m in lives)}\n    {entry.why}")
    wrong = [f"explained, but not in the code: {gone}" for e in explained for gone in e.gone(mutants)]
    dead = [(e, m) for m, result in results if result in KILLED for e in explained if e.covers(m)]
    return wrong + [f"explained, but killed: {m.module} {e.function}: {m.words}" for e, m in dead]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def main() -> int:
    """Prints the survivors, and the numbers by module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "modules", nargs="+", help="paths in the package (path@6: one mutant in six, drawn), and of tests"
    )
    parser.add_argument("--seconds", type=float, default=60, help="of tests for a mutant, then it is given up")
    parser.add_argument("--jobs", type=int, default=1, help="how many mutants are tried at once")
    parser.add_argument("--only", type=Path, help="try only the survivors in this file")
    parser.add_argument("--write", type=Path, help="write the survivors that aren't explained to this file")
    parser.add_argument("--covered", type=Path, help="keep here which test runs which line; tests anew are added")
    parser.add_argument("--list", action="store_true", help="only count the mutants")
    options = parser.parse_args()
    tests = [m for m in options.modules if m.startswith("tests")]
    shares = dict(m.partition("@")[::2] for m in options.modules if m not in tests)
    all_of = {m: mutants_of(m) for m in shares}
    if options.list:
        print({m: len(v) for m, v in all_of.items()}, sum(map(len, all_of.values())))
        return 0
    dice = random.Random(4)
    drawn = {m: sorted(dice.sample(range(len(v)), round(len(v) / float(shares[m] or 1)))) for m, v in all_of.items()}
    chosen = [all_of[m][at] for m, places in drawn.items() for at in places]
    if options.only:
        wanted = list(read(options.only))
        chosen = [m for m in chosen if any(e.covers(m) for e in wanted)]
    explained = {m: entries_of(m) for m in shares}
    entries = [e for those in explained.values() for e in those]
    hunt = Hunt(chosen, options.seconds, options.jobs, options.write, options.covered, entries)
    flags = ["-p", "no:cacheprovider", "-q", "-n", "0", "--timeout=0"]
    code = pytest.main([*flags, "-s", *tests], plugins=[hunt])
    wrong = []
    for module, mutants in all_of.items():
        wrong += told(module, mutants, explained[module], hunt.results)
        living = [m for m, r in hunt.results if m.module == module and r not in KILLED]
        counted = len(mutants) - sum(any(e.equivalent and e.covers(m) for e in explained[module]) for m in living)
        whole = len([m for m, _ in hunt.results if m.module == module]) == len(mutants)
        if whole and _share(len(mutants) - len(living), counted) < ENOUGH:
            wrong.append(f"{module}: less than {ENOUGH:.0%} killed")
    print(*wrong, sep="\n")
    return int(code) or bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
