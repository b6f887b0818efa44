"""The tables of the documentation that come from the code: `python -m tests.docs.tables` writes them anew.

- docs/columns.md: a table for each service, from its schema;
- docs/editing.md: what each idiom of the table gives, from running it;
- docs/house.md: the layers, from pyproject.toml and the first line of each module.
"""

from __future__ import annotations

import ast
import re
import tomllib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import taskframe as tf
from taskframe.catalogue import Catalogue
from taskframe.config import find_service
from taskframe.schema import Column

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_TABLE = re.compile(r"(?<=<!-- columns: )(\w+) -->\n.*?(?=<!-- /columns -->)", re.S)
_LAYERS = re.compile(r"(?<=<!-- layers -->\n).*?(?=<!-- /layers -->)", re.S)
_IDIOM = re.compile(r"^\| `(?P<code>(?:df|copy)\b.*?)` \| (?P<gives>.*?) ?\| (?P<why>.*?) ?\|$", re.M)


def columns_table(name: str) -> str:
    """The columns of a service as a Markdown table, with its sources below."""
    service = find_service(name)
    schema = service.schema(Catalogue())
    sources = list(dict.fromkeys(column.source for column in schema if column.source))
    rows = [
        ("column", "dtype", "null", "editable", "clearable", "takes", "role", "source"),
        ("---",) * 8,
        (f"`{schema.index}` (the index)", "`str`", *[""] * 6),
        *(_row(column, sources) for column in schema),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    legend = "\n".join(f"{number}. {source}" for number, source in enumerate(sources, 1))
    return f"{table}\n\nSources:\n\n{legend}"


def _row(column: Column, sources: list[str]) -> tuple[str, ...]:
    return (
        f"`{column.name}`",
        f"`{column.dtype}`" + (" (ordered)" if column.ordered else ""),
        _yes(column.nullable),
        _yes(column.editable),
        _yes(column.clearable),
        _takes(column) if column.editable else "",
        column.role or "",
        str(sources.index(column.source) + 1) if column.source else "",
    )


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _takes(column: Column) -> str:
    if column.choices:
        return " ".join(f"`{choice}`" for choice in column.choices)
    parts = []
    if column.max_length is not None:
        parts.append(f"{column.min_length} to {column.max_length:,} characters")
    if column.minimum is not None:
        parts.append(f"at least {column.minimum:g}")
    if column.maximum is not None:
        parts.append(f"at most {column.maximum:g}")
    return ", ".join(parts) or ("the id of a person or agent" if column.people else column.kind)


def columns_page(text: str) -> str:
    """docs/columns.md with its tables as they are now."""
    return _TABLE.sub(lambda found: f"{found[1]} -->\n\n{columns_table(found[1])}\n\n", text)


def idioms_page(text: str) -> str:
    """docs/editing.md with what each idiom gives now."""
    with tf.sandbox(tasks=200, seed=7) as box, box.connect("reload", progress=False) as conn:
        return _IDIOM.sub(lambda f: f"| `{f['code']}` | {idiom_gives(f['code'], conn)} | {f['why']} |", text)


def idiom_gives(code: str, conn: tf.Connection) -> str:
    """What a plan of the idiom holds, in words."""
    tasks = conn.load()
    names: dict[str, Any] = {"df": tasks.df, "pd": pd, "np": np, "tasks": tasks}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, names)
        plan = tasks.plan(names["copy"]) if "copy" in names else tasks.plan()
    except tf.TaskframeError as error:
        return f"`{type(error).__name__}`"
    parts = [
        _count(len(plan.changes), "change"),
        _count(len(plan.problems), "problem"),
        _count(len(plan.warnings), "warning"),
    ]
    return ", ".join(filter(None, parts)) or "nothing"


def layers_table() -> str:
    """The layers, the topmost first: each module with the first line of its docstring."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    rows = ["| layer | module | what it is |", "|---|---|---|"]
    for number, layer in enumerate(layers, 1):
        for at, name in enumerate(re.findall(r"\w+", layer.replace("taskframe.", ""))):
            rows.append(f"| {'' if at else number} | `{name}` | {_summary(name)} |")
    return "\n".join(rows)


def _summary(module: str) -> str:
    place = ROOT / "taskframe" / module
    source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    first = (ast.get_docstring(ast.parse(source.read_text("utf-8"))) or "").split("\n\n")[0]
    return " ".join(first.split()).rstrip(".:").replace("|", "\\|")


def house_page(text: str) -> str:
    """docs/house.md with the layers as they are now."""
    return _LAYERS.sub(lambda _: f"\n{layers_table()}\n\n", text)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s'[: number > 1]}" if number else ""


if __name__ == "__main__":
    for name, fresh in (("columns.md", columns_page), ("editing.md", idioms_page), ("house.md", house_page)):
        page = DOCS / name
        page.write_text(fresh(page.read_text("utf-8")), "utf-8")
