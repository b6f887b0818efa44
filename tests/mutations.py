"""What mutation testing changes: one operator, constant, condition, argument or statement of a function at a time."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent.parent / "taskframe"

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
    """One thing changed in a module (`tree`: as it is). `name` is the outermost function's, "" outside of any.

    `text` is the source of its line, and `which` tells apart what is alike in all of this (1, 2, …).
    """

    module: str
    name: str
    line: int
    text: str
    words: str
    which: int
    tree: ast.Module
    edit: Callable[[ast.Module], ast.Module]

    def make(self) -> ast.Module:
        """The tree with the change."""
        return self.edit(self.tree)

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same when lines are put in above."""
        return self.name, self.text, self.words


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
    source = (PACKAGE / module).read_text("utf-8")
    tree, texts = ast.parse(source), source.splitlines()
    nodes, prose, found = list(ast.walk(tree)), _prose(tree), []
    alike: Counter[tuple[str, str, str]] = Counter()
    for name, index in _places(tree):
        node = nodes[index]
        for words, change in edits_of(node, prose):
            line = getattr(node, "lineno", None) or getattr(getattr(node, "iter", None), "lineno", 0)
            key = name, texts[line - 1].strip(), f"{' '.join(ast.unparse(node).split())[:90]}: {words}"
            alike[key] += 1
            found.append(Mutant(module, name, line, *key[1:], alike[key], tree, partial(_changed, index, change)))
    return found


def _changed(index: int, change: Callable[[Any], Any], tree: ast.Module) -> ast.Module:
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
