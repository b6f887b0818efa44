"""The documentation says what the code says: nothing is left out, nothing is made up."""

from __future__ import annotations

import inspect
import re

import pytest

import taskframe as tf
from taskframe.engine.outcome import OUTCOMES
from taskframe.services.base import Service
from taskframe.services.kore import KoreSettings
from taskframe.services.kore.filters import KNOWN as KORE
from taskframe.services.pragmatiks import PragmatiksSettings
from taskframe.services.pragmatiks.listing import KNOWN as PRAGMATIKS
from taskframe.services.reload import ReloadSettings
from taskframe.services.reload.filters import KNOWN as RELOAD
from tests.docs.tables import DOCS, columns_page, house_page

REWRITE = "run `python -m tests.docs.tables`"


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def first_cells(text: str, heading: str) -> list[str]:
    """The code in the first column of the table whose first heading is `heading`."""
    table = text[text.index(f"\n| {heading} |") :].split("\n\n")[0]
    return re.findall(r"^\| `([^`]+)`", table, re.M)


def test_columns() -> None:
    """The page of columns shows the schema as it is."""
    assert page("columns.md") == columns_page(page("columns.md")), REWRITE


@pytest.mark.parametrize(("label", "known"), [("Reload", RELOAD), ("Kore", KORE), ("Pragmatiks", PRAGMATIKS)])
def test_filters(label: str, known: tuple[str, ...]) -> None:
    """Each filter of each service is explained."""
    text = page("columns.md")
    table = text[text.index(f"\n| {label} filter |") :].split("\n\n")[0]
    cells = re.findall(r"^\| (`[^|]+`) \|", table, re.M)
    assert sorted(re.findall(r"`([^`]+)`", " ".join(cells))) == sorted(known)


def test_api() -> None:
    """The reference has exactly the public names."""
    found = re.findall(r"^\.\. auto\w+:: taskframe\.(\w+)$", page("api.md"), re.M)
    assert sorted(found) == sorted(tf.__all__)


def test_outcomes() -> None:
    """Each outcome is explained."""
    assert sorted(first_cells(page("applying.md"), "outcome")) == sorted(OUTCOMES)


def test_options() -> None:
    """Each option of connect(), and each setting of each service, is explained."""
    options = set(inspect.signature(tf.connect).parameters) - {"service", "settings"}
    explained = first_cells(page("settings.md"), "option")
    assert sorted(explained) == sorted(options | set(ReloadSettings.model_fields))
    assert set(PragmatiksSettings.model_fields) <= set(explained)
    kore = first_cells(page("settings.md"), "Kore's option")
    assert sorted(kore) == sorted(set(KoreSettings.model_fields) - {"token"})


@pytest.mark.parametrize("name", [n for n in vars(Service) if not n.startswith("_")] + list(Service.__annotations__))
def test_service(name: str) -> None:
    """Each part of a service is explained to whoever writes one."""
    assert name in first_cells(page("house.md"), "part")


def test_layers() -> None:
    """The layers on the page are those that import-linter holds."""
    assert page("house.md") == house_page(page("house.md")), REWRITE
