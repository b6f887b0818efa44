"""The tables of the documentation that come from the code: `python -m tests.docs.tables` writes them anew.

- docs/columns.md: a table for each service, from its schema, and the kinds of Kore's own fields;
- docs/idioms.md: what each idiom of the table gives, from running it;
- docs/house.md: the layers, from pyproject.toml and the first line of each module.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from taskframe.catalogue import Catalogue
from taskframe.config import find_service
from taskframe.errors import SettingsError
from taskframe.schema import Column, Schema
from taskframe.services.kore.fields import _KINDS
from tests.docs.idioms import idioms_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_TABLE = re.compile(r"(?<=<!-- columns: )(\w+) -->\n.*?(?=<!-- /columns -->)", re.S)
_KINDS_TABLE = re.compile(r"(?<=<!-- kinds -->\n).*?(?=<!-- /kinds -->)", re.S)
_LAYERS = re.compile(r"(?<=<!-- layers -->\n).*?(?=<!-- /layers -->)", re.S)


def columns_table(name: str) -> str:
    """The columns of a service as a Markdown table, with its sources below."""
    service = find_service(name)
    schema = service.schema(Catalogue())
    sources = list(dict.fromkeys(column.source for column in schema if column.source))
    rows = [
        ("column", "dtype", "null", "editable", "clearable", "takes", "role", "source"),
        ("---",) * 8,
        (f"`{schema.index}` (the index)", "`str`", *[""] * 6),
        *(_row(column, schema, sources) for column in schema),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    legend = "\n".join(f"{number}. {source}" for number, source in enumerate(sources, 1))
    return f"{table}\n\nSources:\n\n{legend}"


def _row(column: Column, schema: Schema, sources: list[str]) -> tuple[str, ...]:
    return (
        f"`{column.name}`",
        f"`{column.dtype}`" + (" (ordered)" if column.ordered else ""),
        _yes(column.nullable),
        "by name" if column.system and _can_be_asked_for(column, schema) else _yes(column.editable),
        _yes(column.clearable),
        _takes(column, schema) if column.editable or column.system else _follows(column),
        column.role or "",
        str(sources.index(column.source) + 1) if column.source else "",
    )


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _can_be_asked_for(column: Column, schema: Schema) -> bool:
    """Whether `load(editable=[…])` takes it."""
    try:
        schema.with_editable([column.name])
    except SettingsError:
        return False
    return True


def _follows(column: Column) -> str:
    return f"follows `{column.handle}`" if column.handle else ""


def _takes(column: Column, schema: Schema) -> str:
    if (
        column.kind == "text"
        and not column.people
        and any(other.handle == column.name and other.name.endswith("._id") for other in schema)
    ):
        return "a name that was loaded, or its id"
    if column.choices:
        return " ".join(f"`{choice}`" for choice in column.choices)
    parts = []
    if column.max_length is not None:
        parts.append(f"{column.min_length} to {column.max_length:,} characters")
    if column.minimum is not None:
        parts.append(f"at least {column.minimum:g}")
    if column.maximum is not None:
        parts.append(f"at most {column.maximum:g}")
    return ", ".join(parts) or ("the id of a person or agent" if column.people else _kind(column))


def _kind(column: Column) -> str:
    return f"{column.kind}, whole milliseconds" if column.unit == "ms" else column.kind


def kinds_table() -> str:
    """What each dataType of a field of a Kore account becomes."""
    types: dict[str, list[str]] = {}
    for name, kind in _KINDS.items():
        types.setdefault(kind, []).append(f"`{name}`")
    types["any"] = ["any other, or values of several kinds"]
    rows = [(" ".join(names), f"`{Column('', kind).dtype}`", kind) for kind, names in types.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in [("dataType", "dtype", "takes"), ("---",) * 3, *rows])


def columns_page(text: str) -> str:
    """docs/columns.md with its tables as they are now."""
    text = _TABLE.sub(lambda found: f"{found[1]} -->\n\n{columns_table(found[1])}\n\n", text)
    return _KINDS_TABLE.sub(lambda _: f"\n{kinds_table()}\n\n", text)


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


if __name__ == "__main__":
    for name, fresh in (("columns.md", columns_page), ("idioms.md", idioms_page), ("house.md", house_page)):
        page = DOCS / name
        page.write_text(fresh(page.read_text("utf-8")), "utf-8")
