"""Mutation testing: changes one thing in a function, and looks whether a test notices. `make mutants`.

`python tests/mutants.py [--seconds S] [--list] module ... -- tests ...`, for instance
`python tests/mutants.py changes/merge.py changes/diff.py -- tests/changes`.

The tests are collected once. A first run of them, in a process of its own, tells which test runs which line, and how
long it takes. Then each mutant gets a forked process, in which the function's code is exchanged where it is, and only
the tests that run its line, the quickest first, until one fails.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import importlib
import os
import pickle
import random
import select
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest

PACKAGE = Path(__file__).parent.parent / "taskframe"
EXAMPLES = 12
"""Of each property; a mutant that survives them is rarely found by more."""

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


@dataclass(frozen=True)
class Mutant:
    """One thing changed in a module: `make` gives its tree. `name` is the outermost function's, "" outside of any."""

    module: str
    name: str
    line: int
    words: str
    make: Callable[[], ast.Module]


def edits_of(node: ast.AST, prose: set[int]) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """What can be changed in a node: words, and a function that gives the node to put in its place."""

    def with_field(name: str, value: Any) -> Callable[[Any], Any]:
        return lambda n: (setattr(n, name, value), n)[1]

    match node:
        case ast.Compare():
            for at, op in enumerate(node.ops):
                for other in COMPARED[type(op)]:
                    yield other.__name__, with_field("ops", [*node.ops[:at], other(), *node.ops[at + 1 :]])
        case ast.BoolOp():
            yield "and/or", with_field("op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
            for at, value in enumerate(node.values):
                rest = [*node.values[:at], *node.values[at + 1 :]]
                whole = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
                yield f"without `{ast.unparse(value)}`", lambda n, whole=whole: whole
        case ast.UnaryOp():
            yield f"without {type(node.op).__name__}", lambda n: n.operand
        case ast.BinOp() | ast.AugAssign() if type(node.op) in COMPUTED:
            yield COMPUTED[type(node.op)].__name__, with_field("op", COMPUTED[type(node.op)]())
            if isinstance(node, ast.AugAssign):
                yield "dropped", lambda n: ast.Pass()
        case ast.If() | ast.IfExp() | ast.While() if not isinstance(node.test, (ast.Compare, ast.UnaryOp)):
            yield "if not", with_field("test", ast.UnaryOp(ast.Not(), node.test))
        case ast.comprehension() if node.ifs:
            yield "without its if", with_field("ifs", [])
        case ast.Constant() if id(node) not in prose:
            if isinstance(node.value, bool):
                yield str(not node.value), with_field("value", not node.value)
            elif isinstance(node.value, int | float):
                yield f"{node.value + 1}", with_field("value", node.value + 1)
            elif isinstance(node.value, str) and " " not in node.value:
                yield "another text", with_field("value", f"{node.value}x")
        case ast.Return() if node.value is not None and not _is_none(node.value):
            yield "return None", with_field("value", ast.Constant(None))
        case ast.Expr() if not isinstance(node.value, ast.Constant):
            yield "dropped", lambda n: ast.Pass()
        case ast.Assign() if not isinstance(node.targets[0], (ast.Name, ast.Tuple)):
            yield "dropped", lambda n: ast.Pass()
        case ast.Continue():
            yield "break", lambda n: ast.Break()
        case ast.Break():
            yield "continue", lambda n: ast.Continue()
        case ast.Raise():
            yield "dropped", lambda n: ast.Pass()
        case ast.Call():
            for at, keyword in enumerate(node.keywords):
                rest = [*node.keywords[:at], *node.keywords[at + 1 :]]
                yield f"without {keyword.arg}=", with_field("keywords", rest)
            if len(node.args) > 1 and not any(isinstance(a, ast.Starred) for a in node.args[:2]):
                yield "arguments swapped", with_field("args", [node.args[1], node.args[0], *node.args[2:]])


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _prose(tree: ast.Module) -> set[int]:
    """Nodes that are words only: docstrings, and the texts and formats of f-strings."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            found.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            found |= {id(v) for v in node.values}
        elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            found |= {id(n) for n in ast.walk(node.format_spec)}
    return found


def _places(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The functions, and the constants at the top: (qualified name or "", index of the node in ast.walk's order)."""
    owner: dict[int, str] = {}

    def visit(node: ast.AST, name: str, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) and not inside:
                for statement in child.body:
                    for part in ast.walk(statement):
                        owner[id(part)] = f"{name}{child.name}"
            elif isinstance(child, ast.ClassDef):
                visit(child, f"{name}{child.name}.", inside)
            elif not name and isinstance(child, ast.Assign):
                for part in ast.walk(child.value):
                    owner[id(part)] = ""

    visit(tree, "", False)
    annotations = {id(p) for n in ast.walk(tree) if isinstance(n, ast.AnnAssign) for p in ast.walk(n.annotation)}
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in owner and id(node) not in annotations:
            yield owner[id(node)], index


def mutants_of(module: str) -> list[Mutant]:
    """All mutants of a module, named by its path in the package."""
    tree = ast.parse((PACKAGE / module).read_text("utf-8"))
    nodes, prose, found = list(ast.walk(tree)), _prose(tree), []
    for name, index in _places(tree):
        node = nodes[index]
        for words, change in edits_of(node, prose):
            line = getattr(node, "lineno", None) or getattr(getattr(node, "iter", None), "lineno", 0)
            shown = ast.unparse(node).replace("\n", " ")
            found.append(Mutant(module, name, line, f"{shown[:90]}: {words}", partial(_changed, tree, index, change)))
    return found


def _changed(tree: ast.Module, index: int, change: Callable[[Any], Any]) -> ast.Module:
    other = copy.deepcopy(tree)
    old = list(ast.walk(other))[index]
    new = change(copy.deepcopy(old))
    if new.__class__ is not old.__class__:
        ast.copy_location(new, old)
    return ast.fix_missing_locations(_Exchange(old, new).visit(other))


class _Exchange(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self._new if node is self._old else self.generic_visit(node)


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


class Hunt:
    """The plugin that runs the tests for each mutant in place of once."""

    def __init__(self, mutants: list[Mutant], seconds: float) -> None:
        self._mutants, self._seconds = mutants, seconds
        self._failed = False
        self.results: list[tuple[Mutant, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remembers that something failed."""
        self._failed |= report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Runs the tests of each mutant."""
        items = session.items
        for item in items:
            _hasten(item)
        gc.collect()
        gc.freeze()  # else a collection in a child touches, and so copies, all that was there before
        with tempfile.TemporaryDirectory() as folder:
            known = Path(folder, "covered")
            _waited(self._fork(lambda: self._cover(items, known)), 3600)
            lines, took, broken = pickle.loads(known.read_bytes())
        print(f"{len(items)} tests in {sum(took.values()):.0f} s; out, as they fail by themselves: {sorted(broken)}")
        by_id = {item.nodeid: item for item in items}
        killers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for mutant in self._mutants:
            key = (mutant.module, mutant.line)
            those = lines[mutant.module] if not mutant.name else lines[key]
            before = killers[mutant.module, mutant.name]
            names = _in_turn(sorted(those - broken, key=took.__getitem__), before)
            result, killer = self._try(mutant, [by_id[n] for n in names])
            if killer:
                before[killer] += 1
            self.results.append((mutant, result))
            if result not in ("killed", "timeout"):
                print(f"{result:9} {mutant.module}:{mutant.line} {mutant.name}: {mutant.words} ({len(names)} tests)")
                sys.stdout.flush()
        return True

    def _try(self, mutant: Mutant, items: list[pytest.Item]) -> tuple[str, str]:
        if not items:
            return "uncovered", ""
        read, write = os.pipe()

        def run() -> int:
            try:
                put_in(mutant)
            except Exception as error:
                print(mutant.module, mutant.line, mutant.words, repr(error), file=sys.__stderr__)
                return 2
            until = time.monotonic() + self._seconds
            for item in items:
                if time.monotonic() > until:
                    return 3
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                if self._failed:
                    os.write(write, item.nodeid.encode())
                    return 1
            return 0

        pid = self._fork(run)
        os.close(write)
        code = _waited(pid, self._seconds * 2 + 10)
        killer = os.read(read, 10_000).decode() if select.select([read], [], [], 0)[0] else ""
        os.close(read)
        return {0: "survived", 1: "killed", 2: "no mutant", 3: "given up", None: "timeout"}.get(code, "killed"), killer

    def _cover(self, items: list[pytest.Item], known: Path) -> int:
        lines, took, broken = defaultdict(set), {}, set()
        files = {str(PACKAGE / m.module): m.module for m in self._mutants}
        seen: set[tuple[str, int]] = set()

        def on_line(frame: FrameType, event: str, _: object) -> Any:
            if event == "line":
                seen.add((files[frame.f_code.co_filename], frame.f_lineno))
            return on_line

        def on_call(frame: FrameType, event: str, _: object) -> Any:
            return on_line if frame.f_code.co_filename in files else None

        threading.settrace(on_call)
        for item in items:
            seen.clear()
            self._failed = False
            sys.settrace(on_call)
            start = time.perf_counter()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            sys.settrace(None)
            took[item.nodeid] = time.perf_counter() - start
            if self._failed:
                broken.add(item.nodeid)
            for module, line in seen:
                lines[module, line].add(item.nodeid)
                lines[module].add(item.nodeid)
        known.write_bytes(pickle.dumps((_spread(lines, files.values()), took, broken)))
        return 0

    def _fork(self, run: Callable[[], int]) -> int:
        pid = os.fork()
        if pid:
            return pid
        os.setsid()
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        code = 1
        try:
            code = run()
        finally:
            os._exit(code)


def _in_turn(names: list[str], killers: Counter[str]) -> list[str]:
    """First what killed another mutant of the function, then one case of each test, then the other cases."""
    cases: Counter[str] = Counter()
    keys = {}
    for name in names:
        test = name.partition("[")[0]
        keys[name] = (-killers[name], cases[test])
        cases[test] += 1
    return sorted(names, key=keys.__getitem__)


def _spread(lines: Any, modules: Any) -> Any:
    """A statement of several lines is run when one of them is."""
    for module in modules:
        tree = ast.parse((PACKAGE / module).read_text("utf-8"))
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
    """Fewer examples, always the same, and no shrinking: it is enough that a test fails."""
    test = getattr(item, "obj", None)
    given = getattr(test, "_hypothesis_internal_use_settings", None)
    if given is not None:
        import hypothesis

        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        test._hypothesis_internal_use_settings = hypothesis.settings(
            given, max_examples=min(EXAMPLES, given.max_examples), derandomize=True, database=None, phases=phases
        )


def _waited(pid: int, seconds: float) -> int | None:
    """The exit code; None for one that had to be stopped."""
    until = time.monotonic() + seconds
    pause = 0.002
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def main() -> int:
    """Prints the survivors, and the numbers by module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "modules", nargs="+", help="paths in the package (path@6: one mutant in six, drawn), and of tests"
    )
    parser.add_argument("--seconds", type=float, default=20, help="of tests for a mutant")
    parser.add_argument("--list", action="store_true", help="only count the mutants")
    options = parser.parse_args()
    tests = [m for m in options.modules if m.startswith("tests")]
    shares = dict(m.partition("@")[::2] for m in options.modules if m not in tests)
    all_of = {m: mutants_of(m) for m in shares}
    dice = random.Random(4)
    drawn = {m: sorted(dice.sample(range(len(v)), round(len(v) / float(shares[m] or 1)))) for m, v in all_of.items()}
    chosen = [all_of[m][at] for m, places in drawn.items() for at in places]
    if options.list:
        print({m: len(v) for m, v in all_of.items()}, sum(map(len, all_of.values())))
        return 0
    hunt = Hunt(chosen, options.seconds)
    flags = ["-p", "no:cacheprovider", "-q", "-n", "0", "--timeout=0"]
    code = pytest.main([*flags, "-s", *tests], plugins=[hunt])
    for module, mutants in all_of.items():
        counts = Counter(result for mutant, result in hunt.results if mutant.module == module)
        print(f"{module}: {len(mutants)} mutants, {sum(counts.values())} tried: {dict(counts)}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
